package directory

import (
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"io"
	"strings"
)

// TenantID names a tenant. Its zero value names none, and every store act
// refuses it: forgetting the tenant is an error, not a query over all tenants.
type TenantID struct{ id string }

// ID is a directory object id: a GUID in lower-case canonical form.
type ID string

// ErrNoTenant is returned by a store that was given the zero TenantID.
var ErrNoTenant = errors.New("directory: no tenant given")

// Installation owns what belongs to no tenant: the list of tenants and the
// signing keys. It is the all-zero GUID and never a `tid`.
var Installation = TenantID{"00000000-0000-0000-0000-000000000000"}

// Consumers is the built-in tenant of personal accounts; its id is well known.
var Consumers = TenantID{"9188040d-6c67-4c5b-b112-36a304b66dad"}

// ZeroID is the app role id that means "assigned without a specific role".
const ZeroID ID = "00000000-0000-0000-0000-000000000000"

// ParseTenantID reads a GUID in any letter case.
func ParseTenantID(s string) (TenantID, error) {
	id, err := ParseID(s)
	if err != nil {
		return TenantID{}, err
	}
	return TenantID{string(id)}, nil
}

// MustTenantID is ParseTenantID for constants.
func MustTenantID(s string) TenantID {
	t, err := ParseTenantID(s)
	if err != nil {
		panic(err)
	}
	return t
}

// String is the canonical GUID, "" for the zero value.
func (t TenantID) String() string { return t.id }

// IsZero reports whether t names no tenant.
func (t TenantID) IsZero() bool { return t.id == "" }

// Bytes are the 16 bytes of the GUID in reading order.
func (t TenantID) Bytes() [16]byte { return ID(t.id).Bytes() }

// Value lets a TenantID be a query argument; the zero value is an error.
func (t TenantID) Value() (driver.Value, error) {
	if t.id == "" {
		return nil, ErrNoTenant
	}
	return t.id, nil
}

// Scan reads a TenantID from a row.
func (t *TenantID) Scan(src any) error {
	s, ok := src.(string)
	if !ok {
		return errors.New("directory: tenant id is not text")
	}
	got, err := ParseTenantID(s)
	if err != nil {
		return err
	}
	*t = got
	return nil
}

// MarshalText writes the GUID.
func (t TenantID) MarshalText() ([]byte, error) { return []byte(t.id), nil }

// UnmarshalText reads a GUID; empty text is the zero value.
func (t *TenantID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*t = TenantID{}
		return nil
	}
	got, err := ParseTenantID(string(b))
	*t = got
	return err
}

// ErrNotGUID is returned for text that is no GUID.
var ErrNotGUID = errors.New("not a GUID")

// ParseID reads a GUID of the form 8-4-4-4-12 in any letter case.
func ParseID(s string) (ID, error) {
	if len(s) != 36 {
		return "", ErrNotGUID
	}
	lower := false
	for i := range len(s) {
		c := s[i]
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return "", ErrNotGUID
			}
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f':
		case 'A' <= c && c <= 'F':
			lower = true
		default:
			return "", ErrNotGUID
		}
	}
	if lower {
		s = strings.ToLower(s)
	}
	return ID(s), nil
}

// NewID draws a random GUID (RFC 9562 §5.4) from r.
func NewID(r io.Reader) (ID, error) {
	var b [16]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return "", err
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return IDFromBytes(b), nil
}

// IDFromBytes writes 16 bytes as a GUID in reading order.
func IDFromBytes(b [16]byte) ID {
	const digits = "0123456789abcdef"
	var s [36]byte
	n := 0
	for i, c := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			s[n] = '-'
			n++
		}
		s[n], s[n+1] = digits[c>>4], digits[c&15]
		n += 2
	}
	return ID(s[:])
}

// String is the canonical GUID.
func (id ID) String() string { return string(id) }

// Bytes are the 16 bytes of the GUID in reading order; zeros if id is no GUID.
func (id ID) Bytes() (b [16]byte) {
	if len(id) != 36 {
		return b
	}
	var h [32]byte
	n := 0
	for i := range len(id) {
		if id[i] != '-' && n < len(h) {
			h[n] = id[i]
			n++
		}
	}
	_, _ = hex.Decode(b[:], h[:])
	return b
}
