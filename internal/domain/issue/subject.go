package issue

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Subjects makes the names by which recipients of tokens know people (`sub`):
// another one for each recipient, so that two of them cannot find out that they
// serve the same person (OpenID Connect Core §8.1).
type Subjects struct {
	// Keeper derives the key of a tenant. *envelope.Keeper is one.
	Keeper interface {
		Derive(ctx context.Context, owner, purpose string, n int) ([]byte, error)
	}
}

// subjectPurpose names the key. Changing it would change every name ever given.
const subjectPurpose = "pairwise subject"

// Subject is the name of a user of the tenant for a recipient, an appId: the
// client of an ID token and of UserInfo, the resource of an access token. It has
// 43 characters and never changes.
func (s Subjects) Subject(ctx context.Context, t directory.TenantID, recipient, user directory.ID) (string, error) {
	key, err := s.Keeper.Derive(ctx, t.String(), subjectPurpose, sha256.Size)
	if err != nil {
		return "", fmt.Errorf("key of subjects: %w", err)
	}
	r, u := recipient.Bytes(), user.Bytes()
	mac := hmac.New(sha256.New, key)
	mac.Write(r[:])
	mac.Write(u[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}
