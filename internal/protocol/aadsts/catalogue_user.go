package aadsts

// Rows of what people and their applications meet when somebody signs in. The
// scenario behind each is named by the file of what it shows.
var (
	// The authorization request.
	EmptyParameter        = row(90100, "invalid_request", 400, "Parameter '{name}' is empty or not valid.", "authorize/max_age is no number")
	ExclusiveParameters   = row(90005, "invalid_request", 400, "Parameters {a} and {b} cannot be combined.", "authorize/select_account with a hint")
	InvalidSessionID      = row(90007, "invalid_request", 400, "The session id is not valid.", "authorize/sid is no GUID")
	DomainUnknown         = row(50128, "invalid_request", 400, "Domain '{domain}' is no domain of this installation, and it cannot send people to another identity provider.", "authorize/domain hint of elsewhere")
	UnknownResponseType   = row(70005, "unsupported_response_type", 400, "Response type '{type}' is not supported for this request.", "authorize/response type unknown")
	TokenNotEnabled       = row(700051, "unsupported_response_type", 400, "response_type 'token' is not enabled for the application.", "authorize/token not enabled")
	IDTokenNotEnabled     = row(700054, "unsupported_response_type", 400, "response_type 'id_token' is not enabled for the application.", "authorize/id_token not enabled")
	ResponseModeRefused   = row(70007, "invalid_request", 400, "'{mode}' cannot be used as response_mode here.", "authorize/response mode unknown")
	ChallengeInvalid      = row(50147, "invalid_request", 400, "The code challenge parameter is missing or not valid.", "authorize/native application without a challenge")
	ChallengeSize         = row(501491, "invalid_request", 400, "The code challenge has an invalid size.", "authorize/challenge too short")
	ChallengeMethod       = row(50149, "invalid_request", 400, "The code challenge method is not valid.", "authorize/challenge method unknown")
	ChallengeRequired     = row(9002325, "invalid_request", 400, "Proof Key for Code Exchange is required for cross-origin authorization code redemption.", "authorize/single-page application without a challenge")
	ResourceNotRegistered = row(650057, "invalid_resource", 400, "'{resource}' is not among the resources that application '{id}' is registered for.", "consent/v1 resource not registered")

	// Codes and refresh tokens.
	GarbledGrant       = row(9002313, "invalid_request", 400, "The grant is malformed.", "code/garbled")
	InvalidGrant       = row(70000, "invalid_grant", 400, "The provided grant is not valid.", "code/unknown")
	ExpiredGrant       = row(70008, "invalid_grant", 400, "The authorization code or refresh token has expired.", "code/expired")
	CodeRedeemed       = row(54005, "invalid_grant", 400, "The authorization code was already redeemed.", "code/redeemed twice")
	WrongTenantOfGrant = row(700005, "invalid_grant", 400, "The authorization code belongs to another tenant.", "code/redeemed on another tenant")
	RedirectDiffers    = row(500112, "invalid_grant", 400, "Reply address '{a}' differs from '{b}', which was used when the code was requested.", "code/another redirect URI")
	VerifierMismatch   = row(501481, "invalid_grant", 400, "The code verifier does not match the challenge of the authorization request.", "code/wrong verifier")
	VerifierMissing    = row(50148, "invalid_grant", 400, "The code verifier does not match or is missing.", "code/no verifier")
	NotCrossOrigin     = row(9002327, "invalid_request", 400, "Tokens of a single-page client must be redeemed by a cross-origin request.", "code/single-page application without an origin")
	PublicCredential   = row(700025, "invalid_client", 401, "The client is public; it must not send client_secret or client_assertion.", "code/public client with a secret")
	CredentialRequired = row(7000218, "invalid_client", 401, "The request body must contain client_assertion or client_secret.", "code/web application without a credential")
	TokenInactive      = subRow(700082, "invalid_grant", "bad_token", 400, "The refresh token, issued on {date}, was inactive for {days} days.", "refresh/inactive for 90 days")
	TokenTooOld        = subRow(700084, "invalid_grant", "bad_token", 400, "The refresh token of a single-page application reached its fixed lifetime {life}; sign in again.", "refresh/single-page application after a day")
	GrantRevoked       = subRow(50173, "invalid_grant", "bad_token", 400, "The grant was revoked; a fresh sign-in is needed. Issued on '{issued}', tokens are valid from '{valid}'.", "refresh/sessions revoked")
	LoopStopped        = row(50196, "invalid_grant", 400, "The server stopped a loop of identical requests of this client.", "refresh/loop")
	SeveralResources   = row(28000, "invalid_request", 400, "The scopes name more than one resource: {resources}.", "code/two resources")
	EmptyScope         = row(28003, "invalid_request", 400, "The scope must not be empty.", "code/empty scope")

	// Scopes and consent.
	ScopeNotDefined      = row(650053, "invalid_client", 400, "Application '{app}' asked for scope '{scope}', which resource '{id}' does not define.", "consent/unknown scope")
	NoPermissions        = row(650056, "invalid_client", 400, "Application '{id}' lists no permissions, or consent is missing.", "consent/nothing registered")
	ResourceUnavailable  = row(650052, "invalid_client", 400, "The organisation has no service principal of '{name}' and cannot get one.", "consent/resource of another tenant")
	ResourceRemoved      = row(650054, "invalid_resource", 400, "The resource '{name}' that the application asked for is gone.", "consent/resource removed")
	ConsentMissing       = subRow(65001, "consent_required", "consent_required", 400, "Neither the user nor an administrator consented to '{id}', named '{name}'.", "consent/silent without consent")
	ConsentDeclined      = row(65004, "access_denied", 400, "The person declined to sign in or to consent.", "consent/declined")
	ConsentForbidden     = row(90093, "access_denied", 403, "You are not authorised to grant these permissions.", "consent/no user consent at all")
	AdminConsentRequired = row(90094, "consent_required", 400, "Only an administrator can grant '{name}' these permissions.", "consent/scope for administrators")
	RiskyApplication     = row(900941, "consent_required", 400, "'{name}' is considered risky; an administrator has to consent.", "consent/unverified publisher")
	ConsentNotRecorded   = row(90090, "temporarily_unavailable", 503, "The permission could not be recorded; try again.", "consent/not recorded")

	// People, accounts and sessions.
	LoginRequired      = row(50058, "login_required", 400, "No user is signed in for a silent request.", "signin/silent without a session")
	SelectionRequired  = row(16000, "interaction_required", 400, "Several accounts are signed in, or account '{user}' cannot be used in tenant '{tenant}'; choose one.", "signin/silent with two sessions")
	SessionNotFound    = row(160021, "interaction_required", 400, "There is no such session.", "signin/silent with an unknown sid")
	AccountNotInTenant = row(50020, "invalid_request", 403, "Account '{user}' of '{idp}' does not exist in tenant '{tenant}'.", "signin/account of another tenant")
	AccountTypeRefused = row(500208, "invalid_request", 403, "This kind of account cannot be used here.", "signin/personal account in an organisation")
	NotAssigned        = row(50105, "access_denied", 403, "User '{user}' is not assigned to a role of '{app}'.", "signin/assignment required")
	HintMismatch       = row(50143, "interaction_required", 400, "The session does not match the requested domain.", "signin/guest with a domain hint")
	WrongPassword      = row(50126, "invalid_grant", 400, "The user name or password is wrong.", "signin/wrong password")
	AccountLocked      = row(50053, "invalid_grant", 400, "The account is locked because of too many failed attempts.", "signin/locked")
	AccountDisabled    = row(50057, "invalid_grant", 400, "The account is disabled.", "signin/disabled account")
	AccountNotFound    = row(50034, "invalid_grant", 400, "The account does not exist in the directory.", "refresh/deleted account")
	PasswordExpired    = subRow(50055, "invalid_grant", "user_password_expired", 400, "The password has to be changed.", "signin/silent with an expired password")
	SignInExpired      = row(50089, "invalid_grant", 400, "The sign-in took too long; start again.", "signin/old page")
	InvalidInput       = row(90013, "invalid_request", 400, "The input is not valid: {what}.", "signin/page of another browser")

	// Sign-out.
	SignOutMalformed = row(50061, "invalid_request", 400, "The sign-out request cannot be used: {what}.", "signout/malformed")
)
