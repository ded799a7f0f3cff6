package oauth2

// Grant types (RFC 6749 §4, RFC 8628 §3.4, RFC 7523 §2.1).
const (
	GrantClientCredentials = "client_credentials"
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
)

// AssertionJWT is the client_assertion_type of RFC 7523 §2.2.
const AssertionJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
