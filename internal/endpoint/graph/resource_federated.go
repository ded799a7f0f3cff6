package graph

import (
	"net/http"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

type federated = directory.FederatedIdentityCredential

var federatedEntity = newEntity("federatedIdentityCredential", "federatedIdentityCredentials", []property[federated]{
	identity("id", func(f *federated) directory.ID { return f.ID }).filtered(),
	text("name", func(f *federated) *string { return &f.Name }).filtered(),
	text("issuer", func(f *federated) *string { return &f.Issuer }).filtered(),
	text("subject", func(f *federated) *string { return &f.Subject }).filtered(),
	textOrNull("description", func(f *federated) **string { return &f.Description }),
	texts("audiences", func(f *federated) *[]string { return &f.Audiences }).filtered(),
})

// federatedAt finds a federated credential by id or name.
func (c *call) federatedAt(app *application) (*federated, error) {
	k := c.keys[1]
	if k.name != "" && k.name != "id" && k.name != "name" {
		return nil, noSegment(k.name)
	}
	for i := range app.Federated {
		f := &app.Federated[i]
		if k.name != "name" && string(f.ID) == k.value || k.name != "id" && f.Name == k.value {
			return f, nil
		}
	}
	return nil, notFound(k.value)
}

func federatedContext(app *application) string {
	return "applications('" + string(app.ID) + "')/federatedIdentityCredentials"
}

func listFederated(c *call) (*reply, error) {
	app, err := c.applicationAt()
	if err != nil {
		return nil, err
	}
	return listOf(c, federatedEntity, app.Federated)
}

func getFederated(c *call) (*reply, error) {
	app, err := c.applicationAt()
	if err != nil {
		return nil, err
	}
	f, err := c.federatedAt(app)
	if err != nil {
		return nil, err
	}
	return one(c, federatedEntity, http.StatusOK, f)
}

func createFederated(c *call) (*reply, error) {
	app, err := c.applicationAt()
	if err != nil {
		return nil, err
	}
	in, err := readBody(federatedEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	var draft federated
	in.apply(&draft)
	return c.addFederated(app, draft)
}

func (c *call) addFederated(app *application, draft federated) (*reply, error) {
	if err := c.mayActAs(app.AppID); err != nil {
		return nil, err
	}
	f, err := c.api.Ops.CreateFederated(c.ctx, c.caller, app.ID, draft)
	if err != nil {
		return nil, err
	}
	return &reply{
		status:   http.StatusCreated,
		body:     c.wrapEntity(federatedContext(app)+"/$entity", federatedEntity.whole(f)),
		location: c.base() + "/applications/" + string(app.ID) + "/federatedIdentityCredentials/" + string(f.ID),
	}, nil
}

func patchFederated(c *call) (*reply, error) {
	app, err := c.applicationAt()
	if err != nil {
		return nil, err
	}
	in, err := readBody(federatedEntity.props, c.body)
	if err != nil {
		return nil, err
	}
	f, err := c.federatedAt(app)
	if err != nil {
		if c.keys[1].name != "name" || !c.prefers("create-if-missing") || !isMissing(err) {
			return nil, err
		}
		draft := federated{}
		in.apply(&draft)
		draft.Name = c.keys[1].value
		return c.addFederated(app, draft)
	}
	if err := c.mayActAs(app.AppID); err != nil {
		return nil, err
	}
	was := f.Name
	changed, err := c.api.Ops.ChangeFederated(c.ctx, c.caller, app.ID, string(f.ID), func(f *federated) error {
		in.apply(f)
		if f.Name != was {
			return badRequest("One or more property values specified are invalid. Property 'name' cannot be changed.")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return patched(c, federatedEntity, changed)
}

func deleteFederated(c *call) (*reply, error) {
	app, err := c.applicationAt()
	if err != nil {
		return nil, err
	}
	f, err := c.federatedAt(app)
	if err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.DeleteFederated(c.ctx, c.caller, app.ID, string(f.ID))
}
