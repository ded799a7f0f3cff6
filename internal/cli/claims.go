package cli

// headerMeanings explains the members of a token's header.
var headerMeanings = map[string]words{
	"typ": {"kind of token", "トークンの種類"},
	"alg": {"signature algorithm; an API accepts only those that it expects", "署名アルゴリズム。API は想定したものだけを受け入れる"},
	"kid": {"which published key verifies the signature", "署名を検証する公開鍵の ID"},
	"x5t": {"the same key, by the thumbprint of its certificate (version 1 tokens)", "同じ鍵を証明書の拇印で示したもの（バージョン 1）"},
}

// claimMeanings explains each claim in one line.
var claimMeanings = map[string]words{
	"aud":                {"who the token is for: an API must refuse a token for anyone else", "トークンの宛先。API は自分宛てでないトークンを拒否する"},
	"iss":                {"who issued it, and for which tenant; an API compares it exactly", "発行者とテナント。API は完全一致で比べる"},
	"iat":                {"when it was issued (set back five minutes, for clocks that differ)", "発行時刻（時計のずれに備え 5 分早い）"},
	"nbf":                {"not valid before", "有効期間の始まり"},
	"exp":                {"not valid after", "有効期間の終わり"},
	"aio":                {"for the issuer's own use; ignore it", "発行者が内部で使う値。無視してよい"},
	"rh":                 {"for the issuer's own use; ignore it", "発行者が内部で使う値。無視してよい"},
	"appid":              {"client id of the application that asked (version 1 tokens)", "要求したアプリのクライアント ID（バージョン 1）"},
	"azp":                {"client id of the application that asked", "要求したアプリのクライアント ID"},
	"appidacr":           {"how the client proved itself: 0 not at all, 1 secret, 2 certificate or federation", "クライアント認証の方法: 0 なし、1 シークレット、2 証明書またはフェデレーション"},
	"azpacr":             {"how the client proved itself: 0 not at all, 1 secret, 2 certificate or federation", "クライアント認証の方法: 0 なし、1 シークレット、2 証明書またはフェデレーション"},
	"idp":                {"who signed the subject in, where that is not the issuer", "サインインさせた ID プロバイダー（発行者と異なるとき）"},
	"idtyp":              {"app: an application acts as itself; user: for a person", "app: アプリ自身として動作、user: 人の代わり"},
	"oid":                {"object id of the service principal or user in this tenant; with tid the durable key", "このテナントでのサービスプリンシパルまたはユーザーの ID。tid と組で不変の鍵になる"},
	"roles":              {"app roles that an administrator granted, to the application or to the person", "管理者がアプリまたは人に付与したアプリロール"},
	"scp":                {"delegated permissions: what the application may do for the person", "委任されたアクセス許可。アプリが人の代わりにできること"},
	"sub":                {"the subject; for an application the same as oid, for a person different for each API", "主体。アプリでは oid と同じ、人では API ごとに異なる"},
	"tid":                {"the tenant", "テナント ID"},
	"uti":                {"id of this token; the sign-in record has it too", "このトークンの ID。サインイン記録にも残る"},
	"ver":                {"form of the token, chosen by the API's registration", "トークンの形式。API の登録が決める"},
	"wids":               {"directory roles, by template id", "ディレクトリロール（テンプレート ID）"},
	"groups":             {"groups of the subject, by id", "所属グループの ID"},
	"name":               {"display name; not for decisions", "表示名。判断には使わない"},
	"preferred_username": {"sign-in name; may change, not for decisions", "サインイン名。変わり得るので判断には使わない"},
	"unique_name":        {"a name to show (version 1 tokens); not for decisions", "表示用の名前（バージョン 1）。判断には使わない"},
	"upn":                {"user principal name; may change, not for decisions", "ユーザープリンシパル名。変わり得るので判断には使わない"},
	"email":              {"mail address; may change, not for decisions", "メールアドレス。変わり得るので判断には使わない"},
	"amr":                {"how the person proved themselves", "人の認証方法"},
	"acr":                {"whether the person's authentication met the standard (version 1 tokens)", "人の認証が基準を満たしたか（バージョン 1）"},
	"acrs":               {"authentication contexts that are satisfied", "満たされた認証コンテキスト"},
	"auth_time":          {"when the person signed in", "人がサインインした時刻"},
	"sid":                {"public name of the session", "セッションの公開名"},
	"acct":               {"0 member, 1 guest", "0 メンバー、1 ゲスト"},
	"ipaddr":             {"address that the sign-in came from", "サインイン元のアドレス"},
	"xms_cc":             {"client capabilities: cp1 can answer claims challenges", "クライアントの能力。cp1 はクレームチャレンジに応じられる"},
	"tenant_ctry":        {"country of the tenant", "テナントの国"},
	"tenant_region_scope": {
		"region of the tenant", "テナントの地域"},
}
