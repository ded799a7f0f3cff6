package directory

import (
	"context"
	"errors"
	"strings"
)

// TenantNameKind says what the tenant segment of a path is.
type TenantNameKind int

// The kinds of tenant names.
const (
	// NameGUID is the id of one tenant.
	NameGUID TenantNameKind = iota + 1
	// NameDomain is a DNS name, perhaps a tenant's.
	NameDomain
	// NameCommon stands for any organisation and for personal accounts.
	NameCommon
	// NameOrganizations stands for any organisation.
	NameOrganizations
	// NameConsumers is the tenant of personal accounts, by its alias or its id.
	NameConsumers
)

// A TenantName is the tenant segment of a path, understood but not looked up:
// whether it names a tenant of this installation, FindTenant knows.
type TenantName struct {
	Kind TenantNameKind
	// Text is the segment in lower case.
	Text string
}

// ErrNotTenantName is returned for a path segment that can name no tenant.
var ErrNotTenantName = errors.New("directory: not a tenant name")

// ParseTenantName reads the tenant segment of a path, in any letter case: a
// GUID, a DNS name, or one of the aliases common, organizations and consumers.
func ParseTenantName(segment string) (TenantName, error) {
	name := TenantName{Text: strings.ToLower(segment)}
	switch name.Text {
	case "common":
		name.Kind = NameCommon
	case "organizations":
		name.Kind = NameOrganizations
	case "consumers", Consumers.String():
		name.Kind = NameConsumers
	default:
		_, err := ParseID(name.Text)
		switch {
		case err == nil:
			name.Kind = NameGUID
		case dnsName(name.Text):
			name.Kind = NameDomain
		default:
			return TenantName{}, ErrNotTenantName
		}
	}
	return name, nil
}

// Concrete reports whether the name can be that of one organisation's tenant.
func (n TenantName) Concrete() bool { return n.Kind == NameGUID || n.Kind == NameDomain }

// FindTenant looks up the tenant that a name stands for. It is nil for the
// aliases, which stand for several; ErrNotFound where no tenant has the name or
// the tenant is disabled.
func FindTenant(ctx context.Context, l interface {
	TenantByName(ctx context.Context, name string) (*Tenant, error)
}, n TenantName) (*Tenant, error) {
	if !n.Concrete() {
		return nil, nil
	}
	if n.Text == Installation.String() {
		return nil, ErrNotFound
	}
	t, err := l.TenantByName(ctx, n.Text)
	if err != nil {
		return nil, err
	}
	if t.Disabled {
		return nil, ErrNotFound
	}
	return t, nil
}

// dnsName reports whether s, in lower case, is a DNS name of at least two labels
// (RFC 1035 §2.3.1, with digits first as RFC 1123 §2.1 allows).
func dnsName(s string) bool {
	if len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			c := label[i]
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
				return false
			}
		}
	}
	return true
}
