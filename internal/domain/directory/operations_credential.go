package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
)

// parts are what applications and service principals have alike and what has
// operations of its own.
type parts struct {
	passwords *[]PasswordCredential
	keys      *[]KeyCredential
	owners    *[]Owner
	policy    *ID
	federated *[]FederatedIdentityCredential
}

func partsOf(app *Application) parts {
	return parts{&app.Passwords, &app.Keys, &app.Owners, &app.LifetimePolicy, &app.Federated}
}

func partsOfPrincipal(sp *ServicePrincipal) parts {
	return parts{&sp.Passwords, &sp.Keys, &sp.Owners, &sp.LifetimePolicy, &sp.Federated}
}

// errParts is a mistake of ours, not of a caller.
var errParts = errors.New("directory: a change function must leave credentials, owners and policies to their operations")

func (p parts) copy() parts {
	passwords, keys, owners := slices.Clone(*p.passwords), slices.Clone(*p.keys), slices.Clone(*p.owners)
	policy, federated := *p.policy, slices.Clone(*p.federated)
	return parts{&passwords, &keys, &owners, &policy, &federated}
}

func (p parts) equal(o parts) bool {
	return reflect.DeepEqual(*p.passwords, *o.passwords) && reflect.DeepEqual(*p.keys, *o.keys) &&
		slices.Equal(*p.owners, *o.owners) && *p.policy == *o.policy && reflect.DeepEqual(*p.federated, *o.federated)
}

// editTarget changes the parts of an application or a service principal.
func (o *Operations) editTarget(ctx context.Context, c Caller, t Target, activity string, edit func(parts) error) error {
	switch t.Kind {
	case KindApplication:
		return o.editApplication(ctx, c, t.ID, activity, func(app *Application) error { return edit(partsOf(app)) })
	case KindServicePrincipal:
		return o.editPrincipal(ctx, c, t.ID, activity, func(sp *ServicePrincipal) error { return edit(partsOfPrincipal(sp)) })
	}
	return fmt.Errorf("directory: a %s has no credentials: %w", t.Kind, ErrNotFound)
}

const activityCredentials = "Update application – Certificates and secrets management"

// issue draws a secret and makes its credential.
func (o *Operations) issue(r PasswordRequest) (IssuedPassword, error) {
	start, end, err := passwordDates(r, o.now())
	if err != nil {
		return IssuedPassword{}, err
	}
	id, err := o.newID("")
	if err != nil {
		return IssuedPassword{}, err
	}
	secret, err := newSecret(o.Rand)
	if err != nil {
		return IssuedPassword{}, err
	}
	return IssuedPassword{
		PasswordCredential: PasswordCredential{
			KeyID: id, DisplayName: r.DisplayName, StartAt: start, EndAt: end,
			Hint: secret.Reveal()[:3], Hash: o.Secrets.HashSecret(secret.Reveal()),
		},
		SecretText: secret,
	}, nil
}

// issueAtCreation draws the one secret that a new application may ask for.
func (o *Operations) issueAtCreation(app *Application, passwords []PasswordRequest) ([]IssuedPassword, error) {
	app.Passwords = nil
	if len(passwords) > 1 {
		return nil, invalid("passwordCredentials", "A new application may ask for one password credential; add more with addPassword.")
	}
	var issued []IssuedPassword
	for _, r := range passwords {
		p, err := o.issue(r)
		if err != nil {
			return nil, err
		}
		issued = append(issued, p)
		app.Passwords = append(app.Passwords, p.PasswordCredential)
	}
	return issued, nil
}

// newKeys draws ids for new keys and makes credentials of the drafts.
func (o *Operations) newKeys(drafts []KeyDraft, have []KeyCredential) ([]KeyCredential, error) {
	drafts, err := o.nameKeys(drafts)
	if err != nil {
		return nil, err
	}
	return certificates(drafts, have)
}

// nameKeys gives every new key an id, so that a change that is tried several
// times is the same every time.
func (o *Operations) nameKeys(drafts []KeyDraft) ([]KeyDraft, error) {
	named := slices.Clone(drafts)
	for i := range named {
		if len(named[i].Key) == 0 && named[i].KeyID != "" {
			if err := canonicalID("keyCredentials.keyId", &named[i].KeyID); err != nil {
				return nil, err
			}
		}
		if len(named[i].Key) > 0 {
			id, err := o.newID(named[i].KeyID)
			if err != nil {
				return nil, err
			}
			named[i].KeyID = id
		}
	}
	return named, nil
}

// credentialPatch is the part of a PATCH that concerns credentials.
func (o *Operations) credentialPatch(keys *[]KeyDraft, keep *[]ID) (func(parts) error, error) {
	var drafts []KeyDraft
	if keys != nil {
		var err error
		if drafts, err = o.nameKeys(*keys); err != nil {
			return nil, err
		}
	}
	return func(p parts) error {
		if keep != nil {
			if err := keepPasswords(p.passwords, *keep); err != nil {
				return err
			}
		}
		if keys == nil {
			return nil
		}
		next, err := certificates(drafts, *p.keys)
		*p.keys = next
		return err
	}, nil
}

// keepPasswords removes all secrets that are not named.
func keepPasswords(passwords *[]PasswordCredential, keep []ID) error {
	keep = slices.Clone(keep)
	if err := canonicalIDs("passwordCredentials.keyId", keep); err != nil {
		return err
	}
	for _, id := range keep {
		if !slices.ContainsFunc(*passwords, func(p PasswordCredential) bool { return p.KeyID == id }) {
			return invalid("passwordCredentials", "A password credential cannot be added by an update; use addPassword.")
		}
	}
	kept := (*passwords)[:0:0]
	for _, p := range *passwords {
		if slices.Contains(keep, p.KeyID) {
			kept = append(kept, p)
		}
	}
	*passwords = kept
	return nil
}

// AddPassword draws a client secret for an application or service principal. It
// cannot be read again.
func (o *Operations) AddPassword(ctx context.Context, c Caller, t Target, r PasswordRequest) (IssuedPassword, error) {
	p, err := o.issue(r)
	if err != nil {
		return IssuedPassword{}, err
	}
	err = o.editTarget(ctx, c, t, activityCredentials, func(has parts) error {
		*has.passwords = append(*has.passwords, p.PasswordCredential)
		return nil
	})
	if err != nil {
		return IssuedPassword{}, err
	}
	return p, nil
}

// RemovePassword removes a client secret; it is refused from then on.
func (o *Operations) RemovePassword(ctx context.Context, c Caller, t Target, keyID ID) error {
	id, err := ParseID(string(keyID))
	if err != nil {
		id = keyID
	}
	return o.editTarget(ctx, c, t, activityCredentials, func(has parts) error {
		n := len(*has.passwords)
		*has.passwords = slices.DeleteFunc(*has.passwords, func(p PasswordCredential) bool { return p.KeyID == id })
		if len(*has.passwords) == n {
			return invalid("keyId", textNoPassword, clip(string(keyID)))
		}
		return nil
	})
}

// AddKey adds a certificate. The proof shows that the caller holds the private
// key of a valid certificate that the target already has.
func (o *Operations) AddKey(ctx context.Context, c Caller, t Target, k KeyDraft, proof string) (*KeyCredential, error) {
	if len(k.Key) == 0 {
		return nil, invalid("keyCredential.key", "Property keyCredential.key is required.")
	}
	drafts, err := o.nameKeys([]KeyDraft{k})
	if err != nil {
		return nil, err
	}
	var added KeyCredential
	err = o.editTarget(ctx, c, t, activityCredentials, func(has parts) error {
		if err := checkProof(proof, t.ID, *has.keys, o.now()); err != nil {
			return err
		}
		made, err := certificates(drafts, nil)
		if err != nil {
			return err
		}
		added = made[0]
		if slices.ContainsFunc(*has.keys, func(have KeyCredential) bool { return have.KeyID == added.KeyID || bytes.Equal(have.DER, added.DER) }) {
			return invalid("keyCredential", "The object already has this key credential.")
		}
		*has.keys = append(*has.keys, added)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &added, nil
}

// RemoveKey removes a certificate, for a proof as AddKey takes it.
func (o *Operations) RemoveKey(ctx context.Context, c Caller, t Target, keyID ID, proof string) error {
	id, err := ParseID(string(keyID))
	if err != nil {
		id = keyID
	}
	return o.editTarget(ctx, c, t, activityCredentials, func(has parts) error {
		if err := checkProof(proof, t.ID, *has.keys, o.now()); err != nil {
			return err
		}
		n := len(*has.keys)
		*has.keys = slices.DeleteFunc(*has.keys, func(k KeyCredential) bool { return k.KeyID == id })
		if len(*has.keys) == n {
			return invalid("keyId", "No key credential found with keyId '%s'.", clip(string(keyID)))
		}
		return nil
	})
}
