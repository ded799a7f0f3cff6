package outcome

// Case is something that a client can be asked to do; its text is its name in the
// summary.
type Case string

// The cases. What each of them checks is said in Cases.
const (
	Secret           Case = "secret"
	SecretBasic      Case = "secret-basic"
	WrongSecret      Case = "wrong-secret"
	Certificate      Case = "certificate"
	CertificateChain Case = "certificate-chain"
	CertificateSHA1  Case = "certificate-sha1"
	Assertion        Case = "assertion"
	Workload         Case = "workload"
	V1API            Case = "v1-api"
	Graph            Case = "graph"
	Domain           Case = "domain"
	Cache            Case = "cache"
	Capability       Case = "capability"
	Unconsented      Case = "unconsented"
	Discovery        Case = "discovery"
	Verify           Case = "verify"
	VerifyV1         Case = "verify-v1"
	Refuse           Case = "refuse"
	Metadata         Case = "metadata"
)

// The cases of people who sign in.
const (
	SignIn        Case = "sign-in"
	SignInCache   Case = "sign-in-cache"
	Refresh       Case = "refresh"
	Me            Case = "me"
	UserInfo      Case = "userinfo"
	Declined      Case = "declined"
	Common        Case = "common"
	Popup         Case = "popup"
	Iframe        Case = "iframe"
	IframeRefused Case = "iframe-refused"
	Incremental   Case = "incremental"
	SignOut       Case = "sign-out"
	Expired       Case = "expired"
	Guest         Case = "guest"
)

// Info says what a case is about.
type Info struct {
	Case Case
	// Column is its heading in a table, English and Japanese.
	Column, ColumnJA string
	// Checks is what passes the case.
	Checks string
	// Brief cases are columns of the README's table too.
	Brief bool
	// Person cases are those in which somebody signs in.
	Person bool
}

// Cases is every case in the order of the columns.
var Cases = []Info{
	{Secret, "secret", "シークレット", "a token by client secret for an API with version 2.0 tokens, tenant given by its id", true, false},
	{SecretBasic, "secret (Basic)", "シークレット (Basic)", "the secret in an Authorization header (RFC 6749 §2.3.1)", false, false},
	{WrongSecret, "error", "エラー", "a wrong secret becomes the client's own error, which shows AADSTS7000215 and a correlation id", true, false},
	{Certificate, "certificate", "証明書", "a token by an assertion that the client signs with a certificate's key, in the client's preferred form", true, false},
	{CertificateChain, "certificate chain", "証明書チェーン", "the same with the certificate in x5c", false, false},
	{CertificateSHA1, "certificate (SHA-1)", "証明書 (SHA-1)", "the same signed RS256 and named by its SHA-1 thumbprint, as older settings do", false, false},
	{Assertion, "federation", "フェデレーション", "a token by an assertion of another issuer (workload identity federation), handed over by the program", true, false},
	{Workload, "workload identity", "ワークロード ID", "the same from AZURE_FEDERATED_TOKEN_FILE and its companions, as in Kubernetes", false, false},
	{V1API, "v1.0 API", "v1.0 API", "a token for an API with version 1.0 tokens", true, false},
	{Graph, "Graph", "Graph", "a token for https://graph.microsoft.com/.default, and a call to Graph with it", true, false},
	{Domain, "domain", "ドメイン", "the tenant given by its domain name", true, false},
	{Cache, "cache", "キャッシュ", "a second call is answered from the client's cache", true, false},
	{Capability, "cp1", "cp1", "the client says that it can handle claims challenges, and the API's token says so too", false, false},
	{Unconsented, "unknown tenant", "未同意テナント", "in a tenant that did not let the client in it gets AADSTS7000229", false, false},
	{Discovery, "discovery", "ディスカバリ", "the OpenID metadata is read from the tenant's issuer and accepted", true, false},
	{Verify, "verification", "検証", "a version 2.0 access token is verified with the keys that the metadata names", true, false},
	{VerifyV1, "verification (v1.0)", "検証 (v1.0)", "the same for a version 1.0 access token", false, false},
	{Refuse, "refusal", "拒否", "a token whose signature was changed is refused", false, false},
	{Metadata, "endpoints", "エンドポイント", "login and Graph addresses are read from /metadata/endpoints, as by Terraform's `metadata_host`", false, false},
	{SignIn, "sign-in", "サインイン", "a person signs in on the pages and agrees: authorization code with PKCE (MSAL.js: by redirect); the ID token and the access token of an API are verified", true, true},
	{SignInCache, "cache", "キャッシュ", "a second call is answered from the client's cache", false, true},
	{Refresh, "refresh", "更新", "a new access token by refresh token, for the same person", true, true},
	{Me, "Graph /me", "Graph /me", "a token for User.Read, and the person's own entry in Graph with it", false, true},
	{UserInfo, "UserInfo", "UserInfo", "UserInfo names the subject of the ID token", false, true},
	{Declined, "declined", "拒否", "a person who does not agree becomes the client's own error, which shows AADSTS65004 and a correlation id", false, true},
	{Common, "common", "common", "the authority is common: the account's tenant is known after the sign-in", false, true},
	{Guest, "guest", "ゲスト", "a person of another tenant signs in as a guest: the account is that of the home tenant, the tokens are those of the guest", false, true},
	{Popup, "popup", "ポップアップ", "MSAL.js: signing in in a window of its own, and a new token by refresh token after it", false, true},
	{Iframe, "iframe", "iframe", "from https://localhost, the hidden frame brings a token without a question, and none of one person for another", false, true},
	{IframeRefused, "iframe, other site", "iframe (別サイト)", "from another site the browser keeps the cookies back: login_required at once, and the refresh token goes on working", false, true},
	{SignOut, "sign-out", "サインアウト", "the client's own way to sign out ends the session here too and comes back; the next sign-in asks for the password", true, true},
	{Expired, "next day", "翌日", "MSAL.js: a day later the refresh token is refused (AADSTS700084), and the hidden frame brings a token", false, true},
	{Incremental, "incremental consent", "増分同意", "User.Read, later Files.ReadWrite, asked for alone; after a restart User.Read brings both, and Files.ReadWrite comes from the cache", false, true},
}
