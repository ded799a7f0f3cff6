package cli

// need says whether an application of a scenario has a credential.
type need string

const (
	needed    need = "yes"
	notNeeded need = "no"    // it can have one if it does more
	never     need = "never" // it could not keep one
)

// scenario is what somebody builds. A new one is a row of the table below.
type scenario struct {
	name     string
	title    words
	platform string // Graph's member for redirect URIs: web, spa, publicClient, or "" for none
	redirect string // the redirect URI registered where none is given
	exposes  bool   // it is an API: it gets an App ID URI, a scope and an app role
	asItself bool   // its permissions are app roles; else they are delegated scopes
	need     need
	usual    string // the credential made where none is asked for
	side     words  // on which side the credential is
	why      words
}

// Kinds of credentials, by preference. The order is that of the documentation.
const (
	managedIdentity = "managedIdentity"
	federated       = "federated"
	certificate     = "certificate"
	secret          = "secret"
	noCredential    = "none"
)

// scenarios is the table of what can be registered, in the order of the help.
var scenarios = []scenario{
	{
		name:  "daemon",
		title: words{"daemon: a service or job that acts as itself", "デーモン: 自分自身として動くサービスやジョブ"},
		need:  needed, usual: secret, asItself: true,
		side: words{"on the daemon, wherever it runs", "デーモン側（それが動く場所）"},
		why: words{
			"nobody signs in: the daemon itself is the client, and its credential is all that proves who it is (client credentials).",
			"サインインする人がいないため、デーモン自身がクライアントになり、資格情報だけが身元を証明します（クライアント資格情報フロー）。",
		},
	},
	{
		name:  "api",
		title: words{"web API: checks the tokens that others bring", "Web API: 受け取ったトークンを検証する"},
		need:  notNeeded, usual: noCredential, exposes: true,
		side: words{"on none; on the API once it calls another API itself", "不要。API がさらに別の API を呼ぶときだけ API 側"},
		why: words{
			"checking a token takes only the tenant's public keys. An API that calls on, for a person (on-behalf-of) or as itself, needs a credential of its own.",
			"トークンの検証に要るのはテナントの公開鍵だけです。API が人の代わりに（On-Behalf-Of）または自分自身として別の API を呼ぶなら、API 自身の資格情報が要ります。",
		},
	},
	{
		name:     "web",
		title:    words{"web app: runs on a server, people sign in", "Web アプリ: サーバーで動き、人がサインインする"},
		platform: "web", redirect: "http://localhost:3000/auth/callback",
		need: needed, usual: secret,
		side: words{"on the web server, never in the browser", "Web サーバー側（ブラウザーには決して置かない）"},
		why: words{
			"the server redeems codes and refresh tokens, and must show that it is the one they were meant for.",
			"サーバーがコードと更新トークンを引き換えるとき、自分がその相手であると示す必要があります。",
		},
	},
	{
		name:     "spa",
		title:    words{"single-page app: runs in the browser", "シングルページアプリ: ブラウザーで動く"},
		platform: "spa", redirect: "http://localhost:3000",
		need: never, usual: noCredential,
		side: words{"on none", "どこにも置かない"},
		why: words{
			"its code is in the hands of everyone who opens the page, so a secret in it is no secret. PKCE protects the sign-in instead.",
			"コードはページを開いた人すべての手に渡るため、秘密は秘密になりません。代わりに PKCE がサインインを守ります。",
		},
	},
	{
		name:     "native",
		title:    words{"desktop, mobile or command-line app", "デスクトップ、モバイル、コマンドラインのアプリ"},
		platform: "publicClient", redirect: "http://localhost",
		need: never, usual: noCredential,
		side: words{"on none", "どこにも置かない"},
		why: words{
			"it is installed on devices of its users, who can read whatever is in it. PKCE protects the sign-in instead.",
			"利用者の端末に入るため、中身は利用者に読まれます。代わりに PKCE がサインインを守ります。",
		},
	},
	{
		name:     "blazor-server",
		title:    words{"Blazor Server app: components run on the server", "Blazor Server アプリ: コンポーネントはサーバーで動く"},
		platform: "web", redirect: "https://localhost:7001/signin-oidc",
		need: needed, usual: secret,
		side: words{"on the Blazor Server app; none on the web API that it calls", "Blazor Server アプリ側。呼ばれる Web API 側には不要"},
		why: words{
			"all components run on the server, so code, tokens and credential stay there; it calls the API with tokens that it redeems itself. The API only checks them.",
			"コンポーネントはすべてサーバーで動き、コードもトークンも資格情報もサーバーに留まります。API を呼ぶトークンは自分で引き換え、API は検証するだけです。",
		},
	},
	{
		name:     "blazor-wasm",
		title:    words{"Blazor WebAssembly app: runs in the browser", "Blazor WebAssembly アプリ: ブラウザーで動く"},
		platform: "spa", redirect: "https://localhost:7001/authentication/login-callback",
		need: never, usual: noCredential,
		side: words{"on none; on the web API only if that calls another API", "どこにも置かない。Web API がさらに別の API を呼ぶときだけ API 側"},
		why: words{
			"everything runs in the browser and its settings file is public, so a secret in it is no secret. PKCE protects the sign-in instead.",
			"すべてブラウザーで動き、設定ファイルも公開されるため、秘密は秘密になりません。代わりに PKCE がサインインを守ります。",
		},
	},
	{
		name:  "workload",
		title: words{"workload elsewhere: a CI job or a pod with a token of its platform", "外部のワークロード: CI ジョブや Pod が基盤のトークンを使う"},
		need:  needed, usual: federated, asItself: true,
		side: words{"on the platform that runs the workload, which signs a token for it; nothing is stored", "ワークロードを動かす基盤側。基盤がトークンに署名するので、何も保存しない"},
		why: words{
			"the workload proves itself with the token that its platform gives it (GitHub Actions, Kubernetes); this application trusts exactly one issuer and subject.",
			"ワークロードは基盤（GitHub Actions、Kubernetes）から得たトークンで身元を示し、このアプリは決めた発行者とサブジェクトだけを信頼します。",
		},
	},
}

// preferences explain the kinds of credentials, best first.
var preferences = []struct {
	kind string
	text words
}{
	{managedIdentity, words{
		"managed identity, where the host offers one: nothing to store, rotate or leak",
		"マネージド ID（ホストが備える場合）: 保存も更新も漏えいもない",
	}},
	{federated, words{
		"federation with the platform that runs it: nothing to store (--credential federated --issuer URL --subject SUB)",
		"動かす基盤とのフェデレーション: 何も保存しない（--credential federated --issuer URL --subject SUB）",
	}},
	{certificate, words{
		"certificate: the private key never leaves its host (--credential certificate)",
		"証明書: 秘密鍵はホストの外に出ない（--credential certificate）",
	}},
	{secret, words{
		"secret: for development; it travels with each request and must be rotated (--credential secret)",
		"シークレット: 開発向け。要求のたびに送られ、定期的な更新が要る（--credential secret）",
	}},
}

func findScenario(name string) (scenario, bool) {
	for _, sc := range scenarios {
		if sc.name == name {
			return sc, true
		}
	}
	return scenario{}, false
}

func scenarioNames() []string {
	var names []string
	for _, sc := range scenarios {
		names = append(names, sc.name)
	}
	return names
}
