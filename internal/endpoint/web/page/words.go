package page

// sentences are all that the templates say, by key.
var sentences = join(commonSentences, signInSentences, faultSentences, consentSentences)

// join puts lists together; a key must not stand in two of them.
func join(lists ...map[string]words) map[string]words {
	all := map[string]words{}
	for _, list := range lists {
		for key, w := range list {
			if _, twice := all[key]; twice {
				panic("page: the sentence " + key + " is there twice")
			}
			all[key] = w
		}
	}
	return all
}

var commonSentences = map[string]words{
	"going.to": {"On the way to {1}", "{1} に進みます"},

	"foot.trace":       {"Details of this request", "この要求の詳細"},
	"foot.trace.label": {"Select and copy these lines when you report a problem.", "問題を報告するときは、以下の行を選択してコピーしてください。"},

	"fact.code":        {"Error code", "エラー コード"},
	"fact.message":     {"Message", "メッセージ"},
	"fact.application": {"Application", "アプリケーション"},
	"fact.client":      {"Application ID", "アプリケーション ID"},
	"fact.trace":       {"Trace ID", "トレース ID"},
	"fact.correlation": {"Correlation ID", "関連付け ID"},
	"fact.time":        {"Time", "日時"},

	"error.advice": {"What you can do", "次にできること"},
	"error.again":  {"Try again", "再試行"},
	"error.admin":  {"For your administrator", "管理者の方へ"},
	"error.copy":   {"Details to select and copy", "選択してコピーできる詳細"},
	"error.more":   {"More about AADSTS{1}", "AADSTS{1} の説明"},
	"error.unknown": {
		"The server met a problem that it did not expect. Nothing of yours was changed.",
		"サーバーで予期しない問題が発生しました。お客様のデータは何も変更されていません。",
	},

	"lookup.title":   {"Look up an error code", "エラー コードを調べる"},
	"lookup.intro":   {"Error messages carry a number that begins with AADSTS. Enter it to see what it means and how to fix it.", "エラー メッセージには AADSTS で始まる番号が付いています。番号を入力すると、意味と対処方法を確認できます。"},
	"lookup.code":    {"Error code", "エラー コード"},
	"lookup.another": {"Look up another error code", "別のエラー コードを調べる"},
	"lookup.hint":    {"For example 50011 or AADSTS50011", "例: 50011 または AADSTS50011"},
	"lookup.submit":  {"Look up", "調べる"},
	"lookup.invalid": {"Enter digits only, with or without AADSTS in front.", "数字だけを入力してください。先頭に AADSTS を付けることもできます。"},
	"lookup.unknown": {"This server never sends that code. Check the number; if it came from another service, look it up there.", "このサーバーがそのコードを返すことはありません。番号を確認してください。別のサービスから返されたコードは、そのサービスで調べてください。"},
	"lookup.means":   {"What it means", "意味"},
	"lookup.mend":    {"How to fix it", "対処方法"},
	"lookup.oauth":   {"OAuth error", "OAuth エラー"},
	"lookup.status":  {"HTTP status", "HTTP 状態コード"},

	"components.title": {"Components", "コンポーネント"},
	"components.pages": {"Pages", "ページ"},

	"home.title": {"Sekisho is running", "Sekisho は稼働しています"},
	"home.what": {
		"This server signs people in to applications, checks services, and issues tokens to both, in the way that clients of Microsoft Entra ID expect.",
		"このサーバーは、利用者をアプリケーションにサインインさせ、サービスを確認し、Microsoft Entra ID のクライアントが想定するとおりの方法でトークンを発行します。",
	},
	"home.next":          {"What to run next", "次に実行するコマンド"},
	"home.next.where":    {"In the directory where the server was started:", "サーバーを起動したディレクトリで実行します。"},
	"home.token":         {"Get a token and see what is in it", "トークンを取得して内容を表示する"},
	"home.app":           {"Register an application", "アプリケーションを登録する"},
	"home.env":           {"Print the settings for a client (go, node, python, java, oidc)", "クライアントの設定を表示する (go、node、python、java、oidc)"},
	"home.places":        {"Where things are", "主なアドレス"},
	"home.discovery":     {"Discovery document", "検出ドキュメント"},
	"home.graph":         {"Graph API", "Graph API"},
	"home.documentation": {"Documentation", "ドキュメント"},
	"home.errors":        {"Error codes", "エラー コード"},
}
