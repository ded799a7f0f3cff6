package page

import "github.com/sekisho-id/sekisho/internal/protocol/aadsts"

// A group of errors that people can do the same about.
type group int

const (
	groupRequest group = iota
	groupTenant
	groupApplication
	groupRedirect
	groupCredential
	groupResource
	groupBusy
	groupSignIn
	groupAccount
	groupConsent
	groupServer
)

// groups hold what an error page says to the person in front of it.
var groups = map[group]struct {
	title, advice words
	// again says that the same request may succeed later.
	again bool
}{
	groupRequest: {
		title:  words{"This request cannot be used", "この要求は処理できません"},
		advice: goBack,
	},
	groupTenant: {
		title: words{"The organization was not found", "組織が見つかりません"},
		advice: words{
			"Check the address if you typed it. If an application sent you here, send the details below to the people who run it.",
			"アドレスを入力した場合は、誤りがないか確認してください。アプリケーションから移動してきた場合は、下の詳細をアプリケーションの管理者に送ってください。",
		},
	},
	groupApplication: {
		title:  words{"This application cannot be used here", "このアプリケーションはここでは使用できません"},
		advice: goBack,
	},
	groupRedirect: {
		title:  words{"The answer cannot be sent to the application", "アプリケーションに応答を返せません"},
		advice: goBack,
	},
	groupCredential: {
		title:  words{"The application could not prove who it is", "アプリケーションの身元を確認できません"},
		advice: goBack,
	},
	groupResource: {
		title:  words{"What the application asks for cannot be given", "アプリケーションが求めるアクセスを許可できません"},
		advice: goBack,
	},
	groupBusy: {
		title:  words{"The service is busy", "サービスが混み合っています"},
		advice: words{"Wait a moment and try again.", "しばらく待ってから、もう一度試してください。"},
		again:  true,
	},
	groupServer: {
		title: words{"Something went wrong on our side", "サーバー側で問題が発生しました"},
		advice: words{
			"Try again in a moment. If this page comes back, send the details below to your administrator.",
			"しばらく待ってから、もう一度試してください。同じページが表示される場合は、下の詳細を管理者に送ってください。",
		},
		again: true,
	},
	groupSignIn: {
		title: words{"You need to sign in again", "もう一度サインインする必要があります"},
		advice: words{
			"Go back to the application and sign in again. If this page comes back, send the details below to the people who run the application.",
			"アプリケーションに戻り、もう一度サインインしてください。同じページが表示される場合は、下の詳細をアプリケーションの管理者に送ってください。",
		},
	},
	groupAccount: {
		title: words{"This account cannot be used here", "このアカウントはここでは使用できません"},
		advice: words{
			"Use another account, or ask your administrator for access and send them the details below.",
			"別のアカウントを使用するか、管理者にアクセス権を依頼し、下の詳細を送ってください。",
		},
	},
	groupConsent: {
		title: words{"An administrator has to approve this", "管理者の承認が必要です"},
		advice: words{
			"Ask your administrator to approve the application and send them the details below. If you have an administrator account, sign in with it.",
			"管理者にアプリケーションの承認を依頼し、下の詳細を送ってください。管理者アカウントをお持ちの場合は、そのアカウントでサインインしてください。",
		},
	},
}

var goBack = words{
	"Go back to the application and start again. If this page comes back, send the details below to the people who run the application.",
	"アプリケーションに戻り、最初からやり直してください。同じページが表示される場合は、下の詳細をアプリケーションの管理者に送ってください。",
}

// A meaning explains one row of the catalogue: what happened, and how an
// administrator or developer mends it.
type meaning struct {
	code        aadsts.Code
	group       group
	means, mend words
}

// meanings are the explanations by number.
var meanings = byNumber(meaningLists...)

var meaningLists = [][]meaning{
	requestMeanings, applicationMeanings, credentialMeanings, resourceMeanings, serviceMeanings,
	requestOfPeopleMeanings, grantMeanings, consentMeanings, peopleMeanings,
}

func byNumber(lists ...[]meaning) map[int]meaning {
	m := map[int]meaning{}
	for _, list := range lists {
		for _, e := range list {
			m[e.code.Number()] = e
		}
	}
	return m
}
