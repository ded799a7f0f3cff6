package graph

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// Applications and service principals hold credentials, owners and policies in
// the same way; what they share is here and in owners.go.

type (
	rawMessage = json.RawMessage
	timeValue  = time.Time
)

// target is the application or service principal of a path.
type target struct {
	directory.Target
	appID  directory.ID
	owners []directory.Owner
	policy directory.ID
}

// credentialProperties show credentials. They are read-only as rows: writes of
// them have rules of their own and are taken out of a body before the table
// sees it.
func credentialProperties[T any](passwords func(*T) *[]directory.PasswordCredential, keys func(*T) *[]directory.KeyCredential) []property[T] {
	shownKeys := func(t *T, withKey bool) any {
		out := []object{}
		for i := range *keys(t) {
			out = append(out, renderKey(&(*keys(t))[i], withKey))
		}
		return out
	}
	return []property[T]{
		{
			name: "keyCredentials", typ: "graph.keyCredential", many: true, complex: complexOf("keyCredential", keyMembers),
			get: func(t *T) any { return shownKeys(t, false) },
			// The certificate itself is large: it is shown only to who asks for it
			// by name on one object.
			alone: func(t *T) any { return shownKeys(t, true) },
		},
		{
			name: "passwordCredentials", typ: "graph.passwordCredential", many: true, complex: complexOf("passwordCredential", passwordMembers),
			get: func(t *T) any {
				out := []object{}
				for i := range *passwords(t) {
					out = append(out, renderPassword(&(*passwords(t))[i]))
				}
				return out
			},
		},
	}
}

func renderKey(k *directory.KeyCredential, withKey bool) object {
	var der any
	if withKey {
		der = bytesOrNull(k.DER)
	}
	return object{
		{"customKeyIdentifier", bytesOrNull(k.CustomKeyIdentifier)}, {"displayName", k.DisplayName},
		{"endDateTime", timeOrNull(k.EndAt)}, {"key", der}, {"keyId", string(k.KeyID)},
		{"startDateTime", timeOrNull(k.StartAt)}, {"type", k.Type}, {"usage", k.Usage},
	}
}

func renderPassword(p *directory.PasswordCredential) object {
	var hint any
	if p.Hint != "" {
		hint = p.Hint
	}
	return object{
		{"customKeyIdentifier", bytesOrNull(p.CustomKeyIdentifier)}, {"displayName", p.DisplayName},
		{"endDateTime", timeOrNull(p.EndAt)}, {"hint", hint}, {"keyId", string(p.KeyID)},
		{"secretText", nil}, {"startDateTime", timeOrNull(p.StartAt)},
	}
}

// reveal is the one place where a secret is put into a reply.
func reveal(o object, secret directory.SecretText) object {
	for i := range o {
		if o[i].name == "secretText" {
			o[i].value = secret.Reveal()
		}
	}
	return o
}

// revealIn shows the secrets of a new application in the reply to its creation.
func revealIn(body any, issued []directory.IssuedPassword) {
	o, _ := body.(object)
	list, _ := o.get("passwordCredentials").([]object)
	for _, p := range issued {
		for _, shown := range list {
			if shown.get("keyId") == string(p.KeyID) {
				reveal(shown, p.SecretText)
			}
		}
	}
}

// passwordInput is a passwordCredential as clients send it.
type passwordInput struct {
	keyID      *string
	name       *string
	start, end time.Time
	secret     *string
	hint       *string
	identifier []byte
}

var passwordMembers = []property[passwordInput]{
	binary("customKeyIdentifier", func(p *passwordInput) *[]byte { return &p.identifier }),
	textOrNull("displayName", func(p *passwordInput) **string { return &p.name }),
	moment("endDateTime", func(p *passwordInput) *time.Time { return &p.end }),
	textOrNull("hint", func(p *passwordInput) **string { return &p.hint }),
	textOrNull("keyId", func(p *passwordInput) **string { return &p.keyID }),
	textOrNull("secretText", func(p *passwordInput) **string { return &p.secret }),
	moment("startDateTime", func(p *passwordInput) *time.Time { return &p.start }),
}

func (p *passwordInput) request() (directory.PasswordRequest, error) {
	if p.secret != nil && *p.secret != "" {
		return directory.PasswordRequest{}, badRequest("One or more property values specified are invalid. Property 'secretText' cannot be set: secrets are drawn by the server.")
	}
	return directory.PasswordRequest{DisplayName: p.name, StartAt: p.start, EndAt: p.end}, nil
}

// keyInput is a keyCredential as clients send it.
type keyInput struct {
	keyID      *string
	name       *string
	typ, usage string
	key        []byte
	start, end time.Time
	identifier []byte
}

var keyMembers = []property[keyInput]{
	binary("customKeyIdentifier", func(k *keyInput) *[]byte { return &k.identifier }),
	textOrNull("displayName", func(k *keyInput) **string { return &k.name }),
	moment("endDateTime", func(k *keyInput) *time.Time { return &k.end }),
	keyText("key", func(k *keyInput) *[]byte { return &k.key }),
	textOrNull("keyId", func(k *keyInput) **string { return &k.keyID }),
	moment("startDateTime", func(k *keyInput) *time.Time { return &k.start }),
	textOrEmpty("type", func(k *keyInput) *string { return &k.typ }),
	textOrEmpty("usage", func(k *keyInput) *string { return &k.usage }),
}

// keyText reads a certificate: base64 as Graph has it, or PEM as people paste
// it. What it is in the end, and that it is no private key, the directory
// judges.
func keyText(name string, at func(*keyInput) *[]byte) property[keyInput] {
	p := binary(name, at)
	p.parse = func(raw rawMessage) (func(*keyInput), error) {
		s, err := decode[*string](name, raw)
		if err != nil || s == nil {
			return func(k *keyInput) { *at(k) = nil }, err
		}
		v, err := decodeBase64(strings.TrimSpace(*s))
		if err != nil {
			v = []byte(*s)
		}
		return func(k *keyInput) { *at(k) = v }, nil
	}
	return p
}

func (k *keyInput) draft() (directory.KeyDraft, error) {
	d := directory.KeyDraft{
		DisplayName: k.name, Type: k.typ, Usage: k.usage, Key: k.key,
		StartAt: k.start, EndAt: k.end, CustomKeyIdentifier: k.identifier,
	}
	if k.keyID != nil && *k.keyID != "" {
		id, err := directory.ParseID(*k.keyID)
		if err != nil {
			return d, invalidValue("keyId")
		}
		d.KeyID = id
	}
	return d, nil
}

// take removes a member from the body, so that the property table does not see
// it.
func (c *call) take(name string) (rawMessage, bool) {
	raw, ok := c.body[name]
	delete(c.body, name)
	return raw, ok
}

func missing(name string) *Error {
	e := badRequest("A value is required for property '%s' of resource.", name)
	e.Details = []Detail{{"MissingValue", name, e.Message}}
	return e
}

// draftInput is the body of a creation.
type draftInput[T any] struct {
	change    change[T]
	passwords []directory.PasswordRequest
	keys      []directory.KeyDraft
	owners    []directory.Owner
}

func readDraft[T any](c *call, e *entity[T]) (*draftInput[T], error) {
	in := &draftInput[T]{}
	var err error
	if raw, ok := c.take("passwordCredentials"); ok {
		if in.passwords, err = readPasswords(raw); err != nil {
			return nil, err
		}
	}
	if raw, ok := c.take("keyCredentials"); ok {
		if in.keys, err = readKeys(raw); err != nil {
			return nil, err
		}
	}
	if in.owners, err = c.boundOwners(); err != nil {
		return nil, err
	}
	in.change, err = readBody(e.props, c.body)
	return in, err
}

// patchInput is the body of a PATCH.
type patchInput[T any] struct {
	change change[T]
	keys   *[]directory.KeyDraft
	keep   *[]directory.ID // ids of the passwords that stay
}

func readPatch[T any](c *call, e *entity[T]) (*patchInput[T], error) {
	in := &patchInput[T]{}
	if raw, ok := c.take("passwordCredentials"); ok {
		keep, err := readKept(raw)
		if err != nil {
			return nil, err
		}
		in.keep = &keep
	}
	if raw, ok := c.take("keyCredentials"); ok {
		keys, err := readKeys(raw)
		if err != nil {
			return nil, err
		}
		in.keys = &keys
	}
	var err error
	in.change, err = readBody(e.props, c.body)
	return in, err
}

func readPasswords(raw rawMessage) ([]directory.PasswordRequest, error) {
	sets, err := readList("passwordCredentials", passwordMembers, raw)
	if err != nil {
		return nil, err
	}
	var out []directory.PasswordRequest
	for _, set := range sets {
		var p passwordInput
		set(&p)
		r, err := p.request()
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

func readKeys(raw rawMessage) ([]directory.KeyDraft, error) {
	sets, err := readList("keyCredentials", keyMembers, raw)
	if err != nil {
		return nil, err
	}
	out := []directory.KeyDraft{}
	for _, set := range sets {
		var k keyInput
		set(&k)
		d, err := k.draft()
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

// readKept reads the passwords of a PATCH. It can only take some away: a secret
// in it, or a password that is new, is refused.
func readKept(raw rawMessage) ([]directory.ID, error) {
	sets, err := readList("passwordCredentials", passwordMembers, raw)
	if err != nil {
		return nil, err
	}
	keep := []directory.ID{}
	for _, set := range sets {
		var p passwordInput
		set(&p)
		if p.secret != nil || p.keyID == nil {
			return nil, badRequest("One or more property values specified are invalid. New password credentials must be generated with service actions.")
		}
		id, err := directory.ParseID(*p.keyID)
		if err != nil {
			return nil, invalidValue("keyId")
		}
		keep = append(keep, id)
	}
	return keep, nil
}

// An action is a handler on an application or a service principal.
type action func(*call, target) (*reply, error)

// on lets one action serve both kinds of targets.
func on(find func(*call) (target, error), do action) func(*call) (*reply, error) {
	return func(c *call) (*reply, error) {
		t, err := find(c)
		if c.selfOnly && (err != nil || t.appID != c.actor.AppID) {
			return nil, denied(textDenied)
		}
		if err != nil {
			return nil, err
		}
		return do(c, t)
	}
}

func addPassword(c *call, t target) (*reply, error) {
	raw, ok := c.take("passwordCredential")
	if _, err := readBody([]property[struct{}]{}, c.body); err != nil {
		return nil, err
	}
	var p passwordInput
	if ok && !isNull(raw) {
		set, err := readMembers("passwordCredential", passwordMembers, raw)
		if err != nil {
			return nil, err
		}
		set(&p)
	}
	req, err := p.request()
	if err != nil {
		return nil, err
	}
	if err := c.mayActAs(t.appID); err != nil {
		return nil, err
	}
	issued, err := c.api.Ops.AddPassword(c.ctx, c.caller, t.Target, req)
	if err != nil {
		return nil, err
	}
	o := reveal(renderPassword(&issued.PasswordCredential), issued.SecretText)
	return &reply{status: http.StatusOK, body: c.wrapEntity("microsoft.graph.passwordCredential", o)}, nil
}

// keyRequest is what removePassword, addKey and removeKey name besides the key
// itself.
type keyRequest struct {
	keyID directory.ID
	proof string
}

var (
	keyIDMember = guid("keyId", func(k *keyRequest) *directory.ID { return &k.keyID })
	proofMember = text("proof", func(k *keyRequest) *string { return &k.proof })
)

func (c *call) keyRequest(members ...property[keyRequest]) (keyRequest, error) {
	var k keyRequest
	in, err := readBody(members, c.body)
	if err != nil {
		return k, err
	}
	for _, m := range members {
		if !in.has(m.name) {
			return k, missing(m.name)
		}
	}
	in.apply(&k)
	return k, nil
}

func removePassword(c *call, t target) (*reply, error) {
	k, err := c.keyRequest(keyIDMember)
	if err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.RemovePassword(c.ctx, c.caller, t.Target, k.keyID)
}

// addKey and removeKey roll an application's certificates by a proof of one that
// it has, without any permission if the application is the caller's own. Who has
// that proof can act as the application already.
func addKey(c *call, t target) (*reply, error) {
	raw, ok := c.take("keyCredential")
	if !ok {
		return nil, missing("keyCredential")
	}
	if password, given := c.take("passwordCredential"); given && !isNull(password) {
		return nil, badRequest("One or more property values specified are invalid. Certificates are taken without private keys, so there is no password for them.")
	}
	set, err := readMembers("keyCredential", keyMembers, raw)
	if err != nil {
		return nil, err
	}
	k, err := c.keyRequest(proofMember)
	if err != nil {
		return nil, err
	}
	var in keyInput
	set(&in)
	draft, err := in.draft()
	if err != nil {
		return nil, err
	}
	key, err := c.api.Ops.AddKey(c.ctx, c.caller, t.Target, draft, k.proof)
	if err != nil {
		return nil, err
	}
	return &reply{status: http.StatusOK, body: c.wrapEntity("microsoft.graph.keyCredential", renderKey(key, false))}, nil
}

func removeKey(c *call, t target) (*reply, error) {
	k, err := c.keyRequest(keyIDMember, proofMember)
	if err != nil {
		return nil, err
	}
	return noContent(), c.api.Ops.RemoveKey(c.ctx, c.caller, t.Target, k.keyID, k.proof)
}

// reference reads the body of a POST …/$ref.
func (c *call) reference() (directory.ID, error) {
	raw, ok := c.take("@odata.id")
	if !ok {
		return "", missing("@odata.id")
	}
	if _, err := readBody([]property[struct{}]{}, c.body); err != nil {
		return "", err
	}
	s, err := required[string]("@odata.id", raw)
	if err != nil {
		return "", err
	}
	return referenced(s)
}

func referenced(s string) (directory.ID, error) {
	id, ok := odata.ReferenceID(s)
	if !ok {
		return "", badRequest("Not a valid reference update. '%s' names no object.", quotable(s))
	}
	return directory.ID(id), nil
}
