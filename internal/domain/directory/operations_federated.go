package directory

import (
	"context"
	"slices"
)

const activityFederated = "Update application – Federated identity credentials"

// CreateFederated adds a federated identity credential to the application with
// the object id.
func (o *Operations) CreateFederated(ctx context.Context, c Caller, app ID, f FederatedIdentityCredential) (*FederatedIdentityCredential, error) {
	id, err := o.newID("")
	if err != nil {
		return nil, err
	}
	f.ID, f.Audiences = id, slices.Clone(f.Audiences)
	if err := federated(&f); err != nil {
		return nil, err
	}
	err = o.editApplication(ctx, c, app, activityFederated, func(a *Application) error {
		a.Federated = append(a.Federated, f)
		return federatedTogether(a.Federated)
	})
	if err != nil {
		return nil, err
	}
	return &f, nil
}

// findFederated finds a credential by its id or its name.
func findFederated(list []FederatedIdentityCredential, key string) int {
	if id, err := ParseID(key); err == nil {
		if i := slices.IndexFunc(list, func(f FederatedIdentityCredential) bool { return f.ID == id }); i >= 0 {
			return i
		}
	}
	return slices.IndexFunc(list, func(f FederatedIdentityCredential) bool { return f.Name == key })
}

// ChangeFederated changes the credential that has the id or name. Its name
// stays as it is.
func (o *Operations) ChangeFederated(ctx context.Context, c Caller, app ID, key string, change func(*FederatedIdentityCredential) error) (*FederatedIdentityCredential, error) {
	var changed FederatedIdentityCredential
	err := o.editApplication(ctx, c, app, activityFederated, func(a *Application) error {
		i := findFederated(a.Federated, key)
		if i < 0 {
			return ErrNotFound
		}
		before := a.Federated[i]
		after := before
		after.Audiences = slices.Clone(before.Audiences)
		if err := change(&after); err != nil {
			return err
		}
		if after.ID != before.ID || after.Name != before.Name {
			return refusal(ReadOnly, "name", "Property name is read-only.")
		}
		if err := federated(&after); err != nil {
			return err
		}
		a.Federated[i], changed = after, after
		return federatedTogether(a.Federated)
	})
	if err != nil {
		return nil, err
	}
	return &changed, nil
}

// DeleteFederated removes the credential that has the id or name.
func (o *Operations) DeleteFederated(ctx context.Context, c Caller, app ID, key string) error {
	return o.editApplication(ctx, c, app, activityFederated, func(a *Application) error {
		i := findFederated(a.Federated, key)
		if i < 0 {
			return ErrNotFound
		}
		a.Federated = slices.Delete(a.Federated, i, i+1)
		return nil
	})
}
