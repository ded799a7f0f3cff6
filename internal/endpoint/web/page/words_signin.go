package page

// signInSentences are what the pages of a sign-in say.
var signInSentences = map[string]words{
	"flow.switch":     {"Use another account", "別のアカウントを使用する"},
	"flow.next":       {"Next", "次へ"},
	"flow.back":       {"Back", "戻る"},
	"flow.cancel":     {"Cancel", "キャンセル"},
	"flow.return":     {"Back to the application", "アプリケーションに戻る"},
	"flow.publisher":  {"Publisher: {1}", "発行元: {1}"},
	"flow.verified":   {"Verified", "確認済み"},
	"flow.unverified": {"Not verified", "未確認"},
	"flow.unknown":    {"The publisher is not known", "発行元は不明です"},

	"username.title": {"Sign in", "サインイン"},
	"username.label": {"User name or email address", "ユーザー名またはメール アドレス"},

	"demo.title": {"Demonstration people", "デモの利用者"},
	"demo.hint": {
		"This server runs in development mode: choose a person to sign in without a password.",
		"このサーバーは開発モードで動作しています。利用者を選ぶと、パスワードなしでサインインできます。",
	},

	"password.title":  {"Enter your password", "パスワードの入力"},
	"password.label":  {"Password", "パスワード"},
	"password.submit": {"Sign in", "サインイン"},
	"password.forgot": {
		"If you forgot your password, ask an administrator of your organization to reset it.",
		"パスワードを忘れた場合は、組織の管理者にリセットを依頼してください。",
	},

	"newpassword.title":   {"Change your password", "パスワードの変更"},
	"newpassword.why":     {"You need a new password before you can go on.", "続行するには、新しいパスワードの設定が必要です。"},
	"newpassword.label":   {"New password", "新しいパスワード"},
	"newpassword.confirm": {"New password, once more", "新しいパスワード (確認)"},
	"newpassword.hint": {
		"At least 8 characters; several words are stronger than one. Do not reuse a password from elsewhere.",
		"8 文字以上で入力してください。複数の単語を組み合わせると強くなります。ほかで使用しているパスワードは使わないでください。",
	},
	"newpassword.submit": {"Change and sign in", "変更してサインイン"},

	"pick.title":     {"Pick an account", "アカウントを選択する"},
	"pick.signed.in": {"Signed in", "サインイン済み"},
	"pick.forget":    {"Remove", "削除"},
	"pick.forget.of": {"Remove {1} from this list", "{1} を一覧から削除"},

	"stay.title": {"Stay signed in?", "サインインの状態を維持しますか?"},
	"stay.means": {
		"You will be asked to sign in less often in this browser. Choose Yes only on a device that nobody else uses.",
		"このブラウザーでサインインを求められる回数が少なくなります。ほかの人が使わないデバイスでのみ [はい] を選択してください。",
	},
	"stay.quiet": {"Do not ask again", "今後このメッセージを表示しない"},
	"stay.yes":   {"Yes", "はい"},
	"stay.no":    {"No", "いいえ"},

	"signout.title":  {"Sign out?", "サインアウトしますか?"},
	"signout.pick":   {"Pick an account to sign out of", "サインアウトするアカウントを選択する"},
	"signout.means":  {"You will also be signed out of the applications that you opened with this account in this browser.", "このブラウザーでこのアカウントを使って開いたアプリケーションからもサインアウトします。"},
	"signout.submit": {"Sign out", "サインアウト"},

	"signedout.title":    {"You are signed out", "サインアウトしました"},
	"signedout.advice":   {"On a device that others use too, close all windows of this browser.", "ほかの人も使うデバイスの場合は、このブラウザーのウィンドウをすべて閉じてください。"},
	"signedout.next":     {"You will be taken on in a moment.", "まもなく次のページに移動します。"},
	"signedout.frame":    {"Signing out of an application", "アプリケーションからサインアウトしています"},
	"signedout.continue": {"Continue", "続行"},

	"formpost.title":  {"One moment", "しばらくお待ちください"},
	"formpost.going":  {"Taking you back to {1}", "{1} に戻っています"},
	"formpost.press":  {"Your browser runs no scripts here. Choose Continue to go on.", "このブラウザーではスクリプトが実行されません。[続行] を選択してください。"},
	"formpost.submit": {"Continue", "続行"},
}

// faultSentences say what to mend in an entry, and why somebody is asked again.
// Handlers name them by their keys.
var faultSentences = map[string]words{
	"fault.other":              {"That did not work. Check what you entered and try again.", "処理できませんでした。入力内容を確認して、もう一度試してください。"},
	"fault.username.empty":     {"Enter your user name or email address.", "ユーザー名またはメール アドレスを入力してください。"},
	"fault.username.malformed": {"Enter the whole name, for example name@organization.example.", "name@organization.example のように、ユーザー名全体を入力してください。"},
	"fault.password.empty":     {"Enter your password.", "パスワードを入力してください。"},
	"fault.credentials":        {"The user name or password is wrong. Check both and try again.", "ユーザー名またはパスワードが正しくありません。確認して、もう一度入力してください。"},
	"fault.locked":             {"There were too many wrong attempts. Wait a minute, then try again.", "サインインの失敗が続いたため、一時的にロックされています。1 分ほど待ってから、もう一度試してください。"},
	"fault.busy":               {"Many people are signing in at the moment. Wait a little, then try again.", "サインインが集中しています。しばらく待ってから、もう一度試してください。"},
	"fault.expired.state":      {"The page was open for too long, so nothing was sent. Sign in once more.", "ページの有効期限が切れたため、送信されませんでした。もう一度サインインしてください。"},
	"fault.newpassword.empty":  {"Enter a new password.", "新しいパスワードを入力してください。"},
	"fault.newpassword.weak":   {"This password is easy to guess. Use at least 8 characters, without your name, your organization's name or a common password.", "このパスワードは推測されやすいものです。8 文字以上で、ご自身や組織の名前、よく使われるパスワードを含まないものにしてください。"},
	"fault.newpassword.long":   {"This password is too long. Use at most 256 characters.", "パスワードが長すぎます。256 文字以内で入力してください。"},
	faultDiffers:               {"This differs from the new password above. Enter the same password twice.", "上に入力したパスワードと一致しません。同じパスワードを 2 回入力してください。"},
	"fault.newpassword.same":   {"This is your present password. Choose another one.", "現在のパスワードと同じです。別のパスワードを入力してください。"},
	"fault.account.gone":       {"That account is not known in this browser any more. Choose another one.", "そのアカウントは、このブラウザーに残っていません。別のアカウントを選択してください。"},

	"reason.asked": {"The application asks you to enter your password again.", "アプリケーションが、パスワードの再入力を求めています。"},
	"reason.age":   {"You signed in some time ago, and the application asks for a recent sign-in.", "前回のサインインから時間が経過しているため、アプリケーションが再度のサインインを求めています。"},
	"reason.ended": {"Your earlier sign-in has ended.", "以前のサインインは終了しています。"},

	"demo.administrator": {"Global Administrator", "グローバル管理者"},
	"demo.member":        {"Member", "メンバー"},
	"demo.guest":         {"Guest", "ゲスト"},
}

// consentSentences are what the pages about consent say.
var consentSentences = map[string]words{
	"consent.title":              {"Permissions requested", "要求されているアクセス許可"},
	"consent.intro":              {"{1} asks for your consent.", "{1} が同意を求めています。"},
	"consent.intro.organization": {"{1} asks for consent on behalf of your organization.", "{1} が、組織に代わっての同意を求めています。"},
	"consent.again":              {"You consented to all of this before. The application asks you to confirm it.", "これらにはすべて以前に同意しています。アプリケーションが確認を求めています。"},
	"consent.trust":              {"Accept only if you trust the application and expected this page.", "アプリケーションを信頼でき、このページが表示される心当たりがある場合にのみ承諾してください。"},
	"consent.withdraw":           {"Consent can be withdrawn at any time: an administrator of your organization removes it from the application's permissions.", "同意はいつでも取り消せます。取り消しは、組織の管理者がアプリケーションのアクセス許可で行います。"},
	"consent.accept":             {"Accept", "承諾"},

	"consent.about":   {"About this application", "このアプリケーションについて"},
	"consent.name":    {"Publisher", "発行元"},
	"consent.domain":  {"Publisher's domain", "発行元のドメイン"},
	"consent.reply":   {"You return to", "戻り先"},
	"consent.home":    {"Home page", "ホーム ページ"},
	"consent.terms":   {"Terms of service", "サービス利用規約"},
	"consent.privacy": {"Privacy statement", "プライバシーに関する声明"},

	"consent.new":         {"New", "新規"},
	"consent.granted":     {"Granted before", "付与済み"},
	"consent.admin":       {"Administrators only", "管理者のみ"},
	"consent.application": {"Without a signed-in person", "利用者のサインインなし"},
	"consent.for":         {"For {1}", "{1} に付与"},
	"consent.value":       {"Technical name", "技術名"},

	"consent.organization": {"Consent on behalf of your organization", "組織に代わって同意する"},
	"consent.organization.means": {
		"The application gets these permissions for everybody in your organization, and nobody else is asked.",
		"組織の全員についてアプリケーションにこれらのアクセス許可が付与され、ほかの利用者は確認を求められません。",
	},

	"refused.asked":   {"What the application asks for", "アプリケーションが求めているアクセス許可"},
	"refused.approve": {"Use an administrator account", "管理者アカウントを使用する"},

	"adminconsented.title":  {"Consent is recorded", "同意を記録しました"},
	"adminconsented.means":  {"{1} now has the permissions that you accepted for your organization.", "組織に代わって承諾したアクセス許可が {1} に付与されました。"},
	"adminconsented.advice": {"You can close this page. People in your organization can use the application right away.", "このページは閉じてかまいません。組織の利用者は、すぐにアプリケーションを使用できます。"},
}
