package consent

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// activity is the name of the audit event.
const activity = "Consent to application"

// Grant implements Service. It trusts the assessment, which has to be the server's
// own of just now. What cannot be written is ConsentNotRecorded.
func (c *Consents) Grant(ctx context.Context, by directory.Caller, r *Request, a *Assessment, organisation bool) (*directory.ServicePrincipal, error) {
	organisation = organisation || r.Organisation
	switch {
	case a.Refusal != nil:
		return nil, a.Refusal
	case organisation && !a.MayOrganisation:
		return nil, aadsts.New(aadsts.AdminConsentRequired, clientName(r))
	}
	client, err := c.record(ctx, by, r, given(a, organisation), organisation)
	if err != nil {
		return nil, aadsts.New(aadsts.ConsentNotRecorded).Because(err)
	}
	return client, nil
}

// given is what an accepted assessment grants. For all people that is also what the
// person alone holds already; to the application itself nothing is given for one
// person.
func given(a *Assessment, organisation bool) []Permission {
	if organisation {
		return slices.DeleteFunc(slices.Clone(a.Asked), func(p Permission) bool { return p.Application && p.Granted })
	}
	return slices.DeleteFunc(slices.Clone(a.Missing), func(p Permission) bool { return p.Application })
}

// record writes a consent as one act.
func (c *Consents) record(ctx context.Context, by directory.Caller, r *Request, list []Permission, organisation bool) (*directory.ServicePrincipal, error) {
	n := c.Operations.NewConsent(by)
	client, err := n.Principal(ctx, r.App.AppID)
	if err != nil {
		return nil, err
	}
	var person directory.ID
	if !organisation {
		person = r.User.ID
	}
	for _, g := range grouped(list) {
		holder, err := n.Principal(ctx, g.client)
		if err != nil {
			return nil, err
		}
		resource, err := n.Principal(ctx, g.resource)
		if err != nil {
			return nil, err
		}
		if len(g.scopes) > 0 {
			if err := n.Grant(holder, resource, person, strings.Join(g.scopes, " ")); err != nil {
				return nil, err
			}
		}
		for _, role := range g.roles {
			if err := n.GrantRole(holder, resource, role); err != nil {
				return nil, err
			}
		}
	}
	// Where an assignment decides who may use the application, a consent must not
	// make one.
	if person != "" && !client.AppRoleAssignmentRequired {
		if err := n.AssignPerson(client, r.User); err != nil {
			return nil, err
		}
	}
	written := n.Record()
	if len(written.Principals)+len(written.Grants)+len(written.Assignments) == 0 {
		return client, nil
	}
	ev := n.Event(activity, client)
	ev.Changes = said(list, organisation)
	if err := c.Store.RecordConsent(ctx, by.Tenant, written, ev); err != nil {
		return nil, err
	}
	// Another request may have made the service principal at the same time.
	return c.Operations.ServicePrincipals.ServicePrincipalByAppID(ctx, by.Tenant, r.App.AppID)
}

// bundle is what one client gets of one resource; both are appIds.
type bundle struct {
	client, resource directory.ID
	scopes           []string
	roles            []directory.ID
}

func grouped(list []Permission) []*bundle {
	var bundles []*bundle
	for _, p := range list {
		i := slices.IndexFunc(bundles, func(b *bundle) bool { return b.client == p.Client.AppID && b.resource == p.Resource.AppID })
		if i < 0 {
			i = len(bundles)
			bundles = append(bundles, &bundle{client: p.Client.AppID, resource: p.Resource.AppID})
		}
		if p.Application {
			bundles[i].roles = append(bundles[i].roles, p.ID)
		} else {
			bundles[i].scopes = append(bundles[i].scopes, p.Value)
		}
	}
	return bundles
}

// said tells the audit log what was consented to, and for whom.
func said(list []Permission, organisation bool) []string {
	words := []string{"ConsentContext.OnBehalfOfAll=" + strconv.FormatBool(organisation)}
	for _, p := range list {
		kind := "scope"
		if p.Application {
			kind = "appRole"
		}
		words = append(words, kind+"="+string(p.Resource.AppID)+"/"+p.Value+" client="+string(p.Client.AppID))
	}
	return words
}
