package audit

import "time"

// SignIn is the record of one issued token. It is small on purpose: there is
// one for every token ever issued.
type SignIn struct {
	At            time.Time
	Tenant        [16]byte
	RequestID     [16]byte // trace id of the request; the token's `uti` is its base64url
	CorrelationID [16]byte
	Kind          Kind
	Grant         Grant
	Method        ClientMethod
	ClientAppID   [16]byte
	PrincipalID   [16]byte // service principal or user the token is about
	ResourceID    [16]byte // service principal of the resource
	CredentialID  [16]byte // key id of the secret or certificate, id of the federated credential
	KeyID         string   // kid of the signing key
	Lifetime      time.Duration
	IPAddress     string
	UserAgent     string // cut to 40 bytes
}

// Kind tells whose sign-in it was.
type Kind uint8

// The kinds of sign-ins; the values are stored.
const (
	KindServicePrincipal Kind = 1
	KindUser             Kind = 2
	KindManagedIdentity  Kind = 3
)

// Grant is the grant type; the values are stored.
type Grant uint8

// The grants that issue tokens; the values are stored.
const (
	GrantClientCredentials Grant = 1
	GrantAuthorizationCode Grant = 2
	GrantRefreshToken      Grant = 3
)

// ClientMethod is how the client proved itself; the values are stored.
type ClientMethod uint8

// The ways a client proves itself; the values are stored.
const (
	MethodNone        ClientMethod = 0
	MethodSecretPost  ClientMethod = 1
	MethodSecretBasic ClientMethod = 2
	MethodCertificate ClientMethod = 3
	MethodFederated   ClientMethod = 4
)
