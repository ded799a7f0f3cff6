package oauth2

// Grant types of RFC 6749 §4.1.3, §6 and §4.4.
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"
	GrantClientCredentials = "client_credentials"
)

// AssertionJWT is the only client_assertion_type (RFC 7523 §2.2).
const AssertionJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
