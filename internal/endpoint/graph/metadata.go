package graph

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// getMetadata serves the description of the types (OData 4.0 CSDL), made once
// from the property tables. It is the same for everybody and needs no token.
func getMetadata(c *call) (*reply, error) {
	return &reply{status: 200, plain: string(c.api.metadata), xml: true}, nil
}

// entityDescription is an entity without its Go type.
type entityDescription struct {
	kind, set string
	props     []described
	expand    []string
}

func describe[T any](e *entity[T]) entityDescription {
	d := entityDescription{kind: e.kind, set: e.set}
	for _, p := range e.props {
		d.props = append(d.props, p.described())
	}
	d.expand = e.expands
	return d
}

// entities are all types that the API serves.
func entities() []entityDescription {
	return []entityDescription{
		describe(applicationEntity), describe(servicePrincipalEntity), describe(userEntity),
		describe(federatedEntity), describe(assignmentEntity), describe(grantEntity),
		describe(policyEntity), describe(organizationEntity), describe(domainEntity), describe(tenantEntity),
		describe(roleDefinitionEntity), describe(roleAssignmentEntity), describe(directoryRoleEntity), describe(authorizationEntity),
	}
}

// expandedTypes are the types behind what $expand may name.
var expandedTypes = map[string]string{
	"owners": "graph.directoryObject", "federatedIdentityCredentials": "graph.federatedIdentityCredential",
	"appRoleAssignments": "graph.appRoleAssignment", "appRoleAssignedTo": "graph.appRoleAssignment",
}

func metadataDocument() []byte {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	b.WriteString(`<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>`)
	b.WriteString(`<Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">`)
	b.WriteString(`<EntityType Name="directoryObject" OpenType="true"><Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String" Nullable="false"/></EntityType>`)
	complexes := map[string]*complexType{}
	var sets strings.Builder
	for _, e := range entities() {
		name := strings.ReplaceAll(e.kind, ".", "_")
		fmt.Fprintf(&b, `<EntityType Name="%s"><Key><PropertyRef Name="id"/></Key>`, name)
		writeProperties(&b, e.props, complexes)
		for _, x := range e.expand {
			fmt.Fprintf(&b, `<NavigationProperty Name="%s" Type="Collection(%s)"/>`, x, expandedTypes[x])
		}
		b.WriteString(`</EntityType>`)
		if !strings.Contains(e.set, "/") && e.kind != "federatedIdentityCredential" && e.kind != "appRoleAssignment" {
			fmt.Fprintf(&sets, `<EntitySet Name="%s" EntityType="microsoft.graph.%s"/>`, e.set, name)
		}
	}
	names := make([]string, 0, len(complexes))
	for name := range complexes {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		fmt.Fprintf(&b, `<ComplexType Name="%s">`, name)
		writeProperties(&b, complexes[name].members, complexes)
		b.WriteString(`</ComplexType>`)
	}
	b.WriteString(`<EntityContainer Name="GraphService">` + sets.String() + `</EntityContainer>`)
	b.WriteString(`</Schema></edmx:DataServices></edmx:Edmx>`)
	return b.Bytes()
}

func writeProperties(b *bytes.Buffer, props []described, found map[string]*complexType) {
	for _, p := range props {
		typ := p.typ
		if p.many {
			typ = "Collection(" + typ + ")"
		}
		fmt.Fprintf(b, `<Property Name="%s" Type="%s"`, p.name, typ)
		if !p.nullable {
			b.WriteString(` Nullable="false"`)
		}
		b.WriteString(`/>`)
		if p.complex != nil {
			gather(p.complex, found)
		}
	}
}

func gather(c *complexType, found map[string]*complexType) {
	if found[c.name] != nil {
		return
	}
	found[c.name] = c
	for _, m := range c.members {
		if m.complex != nil {
			gather(m.complex, found)
		}
	}
}
