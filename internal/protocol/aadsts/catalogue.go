package aadsts

import "slices"

// The catalogue: one row is number, OAuth error, HTTP status, text and the
// scenario that produces it. The texts are our own; clients do not parse them,
// except that MSAL.js looks for the words of interactive errors inside them, so
// those words must not stand in a text.
var (
	// Request shape and routing.
	MethodNotAllowed     = row(900561, "invalid_request", 405, "This endpoint takes {allowed} requests; a {method} request arrived.", "request/wrong method")
	MissingParameter     = row(900144, "invalid_request", 400, "The request must contain parameter '{name}'.", "request/no grant type")
	MissingField         = row(90014, "invalid_request", 400, "Required field '{name}' is missing.", "certificate/assertion without exp")
	MalformedRequest     = row(90004, "invalid_request", 400, "The request format is not valid: {reason}.", "request/wrong content type")
	DuplicateParameter   = row(9000411, "invalid_request", 400, "Parameter '{name}' appears more than once.", "request/parameter twice")
	MalformedJSON        = row(9000410, "invalid_request", 400, "Malformed JSON in '{name}'.", "scope/malformed claims parameter")
	QueryTooLong         = row(90015, "invalid_request", 414, "The query string is too long.", "authorize/query too long")
	UnsupportedValue     = row(90023, "invalid_request", 400, "The request is not valid: '{name}' has an unsupported value.", "request/two client credentials")
	ResourceOnV2         = row(901002, "invalid_request", 400, "'resource' is not accepted here; use 'scope'.", "scope/resource on v2")
	InvalidTenantName    = row(900023, "invalid_request", 400, "'{tenant}' is not a usable tenant identifier.", "tenant/malformed tenant")
	TenantNotFound       = row(90002, "invalid_request", 400, "Tenant '{tenant}' was not found.", "tenant/unknown tenant")
	TenantRequired       = row(50059, "invalid_request", 400, "No tenant information in the request or the credentials.", "tenant/client credentials on common")
	InvalidInstance      = row(50049, "invalid_instance", 400, "Unknown or invalid instance.", "discovery/unknown instance")
	DiscoveryMalformed   = row(50050, "invalid_request", 400, "The discovery request is malformed: {reason}.", "discovery/instance without endpoint")
	UnsupportedGrantType = row(70003, "unsupported_grant_type", 400, "The grant type '{grant}' is not supported.", "request/unknown grant type")

	// Client application.
	ApplicationNotFound   = row(700016, "unauthorized_client", 400, "Application '{id}' was not found in directory '{tenant}'.", "client/unknown application")
	InvalidClientID       = row(700038, "unauthorized_client", 400, "'{id}' is not a valid application identifier.", "client/client id is not a GUID")
	ApplicationDisabled   = row(7000112, "unauthorized_client", 400, "Application '{id}' is disabled.", "client/disabled application")
	NoServicePrincipal    = row(7000229, "unauthorized_client", 400, "Client '{id}' has no service principal in tenant '{tenant}'.", "client/multi-tenant application not provisioned")
	NotMultiTenant        = row(50194, "invalid_request", 400, "Application '{id}' is not multi-tenant; use its own tenant endpoint.", "authorize/single-tenant application on common")
	WorkAccountsOnly      = row(9002332, "invalid_request", 400, "Application '{id}' accepts organisation accounts only.", "authorize/work-only application on consumers")
	RedirectNotRegistered = row(50011, "invalid_request", 400, "Redirect URI '{uri}' does not match one configured for application '{id}'.", "authorize/redirect not registered")
	NoRedirectRegistered  = row(500113, "invalid_request", 400, "No reply address is registered for the application.", "authorize/application without redirect")
	NoRedirectGiven       = row(900971, "invalid_request", 400, "No reply address provided, and none can be chosen.", "authorize/no redirect given")
	CrossOrigin           = row(9002326, "invalid_request", 400, "Cross-origin token redemption is allowed for single-page clients only.", "request/from a browser")
	NotAbsoluteURI        = row(90102, "invalid_request", 400, "'{name}' must be an absolute URI.", "authorize/relative redirect")

	// Client authentication.
	WrongSecret           = row(7000215, "invalid_client", 401, "Invalid client secret. Send the secret's value, not its id, for application '{id}'.", "secret/wrong secret")
	ExpiredSecret         = row(7000222, "invalid_client", 401, "The client secret supplied for '{id}' has expired.", "secret/expired secret")
	NoCredential          = row(7000216, "invalid_client", 401, "A client secret or assertion is needed for this grant.", "secret/no credential")
	WrongClientOfToken    = row(700021, "invalid_client", 401, "The client assertion does not belong to '{client}'.", "certificate/assertion of another client")
	AssertionSubject      = row(50048, "invalid_client", 401, "Subject and issuer of the client assertion differ.", "certificate/subject differs from issuer")
	AssertionAudience     = row(700023, "invalid_client", 401, "The audience of the client assertion is not this authority.", "certificate/wrong audience")
	AssertionTime         = row(700024, "invalid_client", 401, "The client assertion is outside its valid time range.", "certificate/expired assertion")
	AssertionClaims       = row(700026, "invalid_client", 401, "The client assertion lacks required claims, or cannot be read: {reason}.", "certificate/garbage assertion")
	AssertionSignature    = row(700027, "invalid_client", 401, "The client assertion failed signature validation: {reason}.", "certificate/wrong key")
	NoFederatedCredential = row(70021, "invalid_client", 401, "No federated identity credential matches the assertion.", "federated/application without credentials")
	FederatedIssuer       = row(700211, "invalid_client", 401, "No federated credential for issuer '{iss}'.", "federated/unknown issuer")
	FederatedAudience     = row(700212, "invalid_client", 401, "No federated credential for audience '{aud}'.", "federated/wrong audience")
	FederatedSubject      = row(700213, "invalid_client", 401, "No federated credential for subject '{sub}'.", "federated/wrong subject")
	FederatedSubjectCase  = row(7002138, "invalid_client", 401, "The subject matches only when case is ignored; matching is case-sensitive.", "federated/subject differs by case")
	FederatedUserToken    = row(700229, "invalid_client", 401, "Only app-only tokens may be used as a federated credential.", "federated/token of our own with scopes")

	// Scope and resource.
	InvalidScope       = row(70011, "invalid_scope", 400, "Scope '{scope}' is not valid.", "scope/two resources")
	DefaultScopeNeeded = row(1002012, "invalid_scope", 400, "client_credentials needs one scope ending in /.default; '{scope}' is not one.", "scope/named scope")
	ResourceNotFound   = row(500011, "invalid_resource", 400, "Resource principal '{name}' was not found in tenant '{tenant}'.", "scope/unknown resource")
	ResourceDisabled   = row(50001, "invalid_resource", 400, "Resource '{name}' is disabled.", "scope/disabled resource")
	AssignmentRequired = row(501051, "invalid_grant", 400, "Application '{id}' is not assigned to a role of '{resource}'.", "roles/assignment required")
	SelfTokenNotByGUID = row(90009, "invalid_request", 400, "Application '{id}' asks for a token for itself: name the resource by its GUID.", "scope/own resource not by GUID on v1")

	// Keys and availability.
	NoSigningKey         = row(50003, "server_error", 500, "No signing key is configured.", "keys/all keys revoked")
	DirectoryUnavailable = row(90033, "temporarily_unavailable", 503, "The directory service is unavailable; try again.", "storage/record that could not be written")
	Busy                 = row(90024, "temporarily_unavailable", 503, "The service is busy; try again.", "storage/recorder full")
	Throttled            = row(90055, "temporarily_unavailable", 429, "Too many requests.", "request/too many requests")
)

var rows []Code

func row(number int, oauth string, status int, text, scenario string) Code {
	c := Code{number: number, oauth: oauth, status: status, text: text, scenario: scenario}
	rows = append(rows, c)
	return c
}

// subRow is a row with a suberror.
func subRow(number int, oauth, sub string, status int, text, scenario string) Code {
	c := Code{number: number, oauth: oauth, sub: sub, status: status, text: text, scenario: scenario}
	rows = append(rows, c)
	return c
}

// Catalogue returns every row in the order of the source.
func Catalogue() []Code { return slices.Clone(rows) }

// Lookup finds the row with the number, for the error look-up page.
func Lookup(number int) (Code, bool) {
	i := slices.IndexFunc(rows, func(c Code) bool { return c.number == number })
	if i < 0 {
		return Code{}, false
	}
	return rows[i], true
}
