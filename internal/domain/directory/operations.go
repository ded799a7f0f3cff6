package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
)

// Operations are the changes that can be made to a directory. Each one judges
// the rules of the model, stamps times and ids, and ends in one act of a store
// that writes object, change-log entry and audit event together.
//
// Errors are *RuleError for a refusal, ErrNotFound for an object that is not in
// the caller's tenant, and whatever the store returned (see ErrUnavailable).
// A method is safe for concurrent use if the stores are.
type Operations struct {
	Tenants           TenantStore
	Applications      ApplicationStore
	ServicePrincipals ServicePrincipalStore
	Deleted           DeletedStore
	Assignments       AssignmentStore
	Grants            GrantStore
	Users             UserStore
	Policies          PolicyStore
	Roles             RoleStore
	Identities        IdentityStore

	Secrets   SecretHasher
	Passwords PasswordHasher
	Now       func() time.Time
	Rand      io.Reader // cryptographically secure

	// GraphURLs are the addresses under which this installation serves Graph;
	// they become names of the built-in Microsoft Graph application.
	GraphURLs []string
}

// SecretHasher makes of a client secret what is stored: a keyed SHA-256. It is
// only meant for secrets that we drew ourselves.
type SecretHasher interface {
	HashSecret(secret string) []byte
}

// PasswordHasher makes of a person's password what is stored, a PHC string of
// argon2id, and compares with it. It may wait for a place in a bounded queue.
type PasswordHasher interface {
	HashPassword(ctx context.Context, password string) (phc string, err error)
	// CheckPassword reports whether the password is the one of the PHC string.
	CheckPassword(ctx context.Context, phc, password string) (bool, error)
}

// A Target is an application or a service principal, by object id.
type Target struct {
	Kind Kind // KindApplication or KindServicePrincipal
	ID   ID
}

// PasswordRequest asks for a client secret. Zero times mean: from now on, for
// two years.
type PasswordRequest struct {
	DisplayName    *string
	StartAt, EndAt time.Time
}

// KeyDraft is a certificate as a caller sends it. Key is the certificate, DER
// or PEM, with or without base64 around it; nil keeps the key that the target
// has under KeyID. Zero values of the other fields are filled from the
// certificate.
type KeyDraft struct {
	KeyID               ID
	DisplayName         *string
	Type, Usage         string
	Key                 []byte
	StartAt, EndAt      time.Time
	CustomKeyIdentifier []byte
}

// ApplicationPatch is one change of an application with its credentials, made
// as one act.
type ApplicationPatch struct {
	Change        func(*Application) error // nil changes nothing
	Keys          *[]KeyDraft              // replaces the collection; nil leaves it
	KeepPasswords *[]ID                    // removes all other secrets; nil leaves them
}

// ServicePrincipalPatch is one change of a service principal with its
// credentials, made as one act.
type ServicePrincipalPatch struct {
	Change        func(*ServicePrincipal) error // nil changes nothing
	Keys          *[]KeyDraft                   // replaces the collection; nil leaves it
	KeepPasswords *[]ID                         // removes all other secrets; nil leaves them
}

// now is the time in UTC with the precision that every store keeps.
func (o *Operations) now() time.Time { return o.Now().UTC().Truncate(time.Microsecond) }

// newID keeps id if the caller chose one (the platform's own objects have fixed
// ids) and draws one otherwise.
func (o *Operations) newID(id ID) (ID, error) {
	if id != "" {
		return id, nil
	}
	id, err := NewID(o.Rand)
	if err != nil {
		return "", fmt.Errorf("drawing an object id: %w", err)
	}
	return id, nil
}

// tenant reads the caller's tenant.
func (o *Operations) tenant(ctx context.Context, t TenantID) (*Tenant, error) {
	if t.IsZero() {
		return nil, ErrNoTenant
	}
	return o.Tenants.TenantByName(ctx, t.String())
}

// event starts the audit event of a change. The store adds what changed.
func (o *Operations) event(c Caller, activity string, kind Kind, id ID, name string) *audit.Event {
	return c.Event(o.now(), activity, kind, id, name)
}

// clone copies v deeply through its stored form. Fields that the stored form
// leaves out are zero in the copy.
func clone[T any](v *T) (*T, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("copying a directory object: %w", err)
	}
	c := new(T)
	if err := json.Unmarshal(b, c); err != nil {
		return nil, fmt.Errorf("copying a directory object: %w", err)
	}
	return c, nil
}
