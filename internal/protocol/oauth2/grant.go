package oauth2

// GrantClientCredentials is the grant_type of RFC 6749 §4.4.
const GrantClientCredentials = "client_credentials"

// AssertionJWT is the only client_assertion_type (RFC 7523 §2.2).
const AssertionJWT = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
