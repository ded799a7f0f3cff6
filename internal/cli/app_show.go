package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

var needWords = map[need]words{
	needed:    {"needed", "必要"},
	notNeeded: {"not needed", "不要"},
	never:     {"never", "決して持たない"},
}

// showRegistration answers a person: what was made, whether a credential is
// needed, where and why, and what to do next.
func (s *shared) showRegistration(sc scenario, r *registration) {
	fmt.Fprintf(s.Out, s.say(words{"Registered %s\n", "登録しました: %s\n"}), r.DisplayName)
	fmt.Fprintf(s.Out, "%s\n\n", s.say(sc.title))
	s.line(words{"client id (appId)", "クライアント ID (appId)"}, r.AppID)
	s.line(words{"tenant id", "テナント ID"}, r.TenantID)
	s.line(words{"authority", "機関 (authority)"}, r.Authority)
	s.line(words{"application object", "アプリケーション オブジェクト"}, r.ApplicationID)
	s.line(words{"service principal", "サービス プリンシパル"}, r.ServicePrincipalID)
	for _, u := range r.RedirectURIs {
		s.line(words{"redirect URI", "リダイレクト URI"}, u)
	}
	if r.IdentifierURI != "" {
		s.line(words{"App ID URI", "アプリケーション ID の URI"}, r.IdentifierURI)
		s.line(words{"scope, for people", "スコープ（人の代わり）"}, r.IdentifierURI+"/"+r.Scope)
		s.line(words{"app role, for daemons", "アプリ ロール（デーモン）"}, r.AppRole)
	}
	if r.API != "" {
		granted := words{"declared; people agree when they sign in, or an administrator for all", "宣言済み。各自がサインイン時に、または管理者が全員分に同意"}
		switch {
		case r.Consented:
			granted = words{"granted", "付与済み"}
		case sc.asItself:
			granted = words{"declared; an administrator must grant them", "宣言済み。管理者の付与が必要"}
		}
		s.line(words{"permissions", "アクセス許可"}, fmt.Sprintf("%s: %s (%s)", r.API, strings.Join(r.Permissions, " "), s.say(granted)))
	}
	s.showCredential(sc, r)
	fmt.Fprintf(s.Out, "\n%s\n  %s\n", s.say(words{"Next:", "次のコマンド:"}), nextCommand(sc, r))
}

func (s *shared) line(label words, value string) {
	fmt.Fprintf(s.Out, "  %s: %s\n", s.say(label), value)
}

func (s *shared) showCredential(sc scenario, r *registration) {
	c := r.Credential
	fmt.Fprintf(s.Out, "\n%s: %s\n", s.say(words{"Credential", "資格情報"}), s.say(needWords[c.Needed]))
	s.line(words{"where", "置き場所"}, c.Side)
	s.line(words{"why", "理由"}, c.Why)
	if sc.need != never {
		fmt.Fprintf(s.Out, "  %s\n", s.say(words{"which kind, best first:", "種類（望ましい順）:"}))
		for i, p := range preferences {
			fmt.Fprintf(s.Out, "    %d. %s\n", i+1, s.say(p.text))
		}
	}
	switch c.Kind {
	case secret:
		s.line(words{"secret, shown only now", "シークレット（表示は今だけ）"}, c.SecretText)
		s.line(words{"its key id, and end", "キー ID と期限"}, c.KeyID+", "+c.Ends)
	case certificate:
		s.line(words{"certificate and key (the key was not sent)", "証明書と鍵（鍵は送っていない）"}, c.Certificate+", "+c.Ends)
	case federated:
		s.line(words{"trusted issuer", "信頼する発行者"}, c.Issuer)
		s.line(words{"trusted subject", "信頼するサブジェクト"}, c.Subject)
	}
}

// nextCommand is what a person would do now.
func nextCommand(sc scenario, r *registration) string {
	scope := ""
	if r.API != "" {
		scope = " --scope " + shellQuote(r.API+"/.default")
	}
	switch {
	case sc.exposes:
		return fmt.Sprintf("sekisho app create --scenario daemon --name %s --api %s --permission %s --consent",
			shellQuote(r.DisplayName+" client"), r.IdentifierURI, r.AppRole)
	case sc.name == "native" && slices.Contains(r.RedirectURIs, "http://localhost"):
		return "sekisho token --interactive --client-id " + r.AppID + cmp.Or(scope, " --scope "+firstScope(r.RedirectURIs[0]))
	case sc.name == "spa":
		return "sekisho env node --client-id " + r.AppID + " --redirect-uri " + shellQuote(r.RedirectURIs[0])
	case sc.platform == "web" && r.Credential.Kind == secret:
		tool := map[string]string{"web": "node", "blazor-server": "dotnet"}[sc.name]
		return "sekisho env " + tool + " --client-id " + r.AppID + " --redirect-uri " + shellQuote(r.RedirectURIs[0]) + " --secret-file FILE"
	case !sc.asItself:
		return "sekisho env oidc --client-id " + r.AppID
	case r.Credential.Kind == secret:
		return "AZURE_CLIENT_SECRET=" + shellQuote(r.Credential.SecretText) + " sekisho token --client-id " + r.AppID + scope
	case r.Credential.Kind == certificate:
		return "sekisho token --client-id " + r.AppID + " --certificate " + shellQuote(r.Credential.Certificate) + scope
	default:
		return "sekisho token --client-id " + r.AppID + " --assertion-file TOKEN" + scope
	}
}
