package page

import (
	"net/http"

	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

var sampleTiles = []Tile{
	{Account{"Hana Mori", "hana@hakone.example"}, "1", true},
	{Account{"Ken Sato", "ken@hakone.example"}, "2", false},
	{Account{"Aya Usui", "aya@usui.example"}, "3", true},
}

var samplePeople = []Demo{
	{Account{"Tenant Administrator", "admin@hakone.example"}, "1", "demo.administrator"},
	{Account{"Hana Mori", "hana@hakone.example"}, "2", "demo.member"},
	{Account{"Aya Usui", "aya@usui.example"}, "3", "demo.guest"},
}

var sampleGroups = []ConsentGroup{
	{Resource: "Microsoft Graph", Items: []ConsentItem{
		{Title: "Full profile of every user", Description: "Full profile of every user", Value: "User.Read.All", AdminOnly: true},
		{Title: "Read directory data", Description: "Read directory data", Value: "Directory.Read.All", AdminOnly: true, Application: true, For: "Orders export daemon"},
		{Title: "Sign you in and read your profile", Description: "Sign you in and read your profile", Value: "User.Read", Granted: true},
	}},
	{Resource: "Orders API", Items: []ConsentItem{
		{Title: "Read your orders", Description: "Lets the application see what you ordered, and when.", Value: "Orders.Read"},
	}},
}

var longGroups = []ConsentGroup{
	{Resource: longName, Items: []ConsentItem{
		{Title: longName, Description: longName + " " + longName, Value: unbrokenName, AdminOnly: true, Application: true, For: longName},
		{Title: unbrokenName, Value: unbrokenName, Granted: true},
	}},
	{Resource: hostileName, Items: []ConsentItem{{Title: hostileName, Description: hostileName, Value: hostileName, For: hostileName}}},
}

// flowSamples are states of the pages between the request and the answer.
var flowSamples = []sample{
	{"username", "empty", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskUsername(w, r, AskUsername{Flow: anonymous(sampleFlow(r))})
	}},
	{"username", "fault", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskUsername(w, r, AskUsername{Flow: anonymous(sampleFlow(r)), Value: "hana", Fault: "fault.username.malformed", Remembered: true})
	}},
	{"username", "people", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskUsername(w, r, AskUsername{Flow: anonymous(sampleFlow(r)), People: samplePeople})
	}},
	{"username", "long", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskUsername(w, r, AskUsername{Flow: anonymous(longFlow(r)), Value: unbrokenName, Fault: "fault.credentials", Remembered: true,
			People: []Demo{{Account{longName, unbrokenName}, "1", "demo.member"}}})
	}},
	{"username", "hostile", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskUsername(w, r, AskUsername{Flow: anonymous(hostileFlow(r)), Value: hostileName})
	}},
	{"password", "empty", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskPassword(w, r, AskPassword{Flow: sampleFlow(r)})
	}},
	{"password", "fault", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskPassword(w, r, AskPassword{Flow: sampleFlow(r), Fault: "fault.credentials", Reason: "reason.asked"})
	}},
	{"password", "long", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskPassword(w, r, AskPassword{Flow: longFlow(r), Fault: "fault.locked", Reason: "reason.age"})
	}},
	{"password", "hostile", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskPassword(w, r, AskPassword{Flow: hostileFlow(r)})
	}},
	{"newpassword", "empty", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteNewPassword(w, r, NewPassword{Flow: sampleFlow(r)})
	}},
	{"newpassword", "weak", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteNewPassword(w, r, NewPassword{Flow: sampleFlow(r), Fault: "fault.newpassword.weak"})
	}},
	{"newpassword", "differs", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteNewPassword(w, r, NewPassword{Flow: longFlow(r), Fault: faultDiffers})
	}},
	{"pick", "several", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WritePickAccount(w, r, PickAccount{Flow: anonymous(sampleFlow(r)), Tiles: sampleTiles})
	}},
	{"pick", "long", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		f := longFlow(r)
		p.WritePickAccount(w, r, PickAccount{Flow: anonymous(f), Tiles: []Tile{{*f.Account, "1", true}, {Account{hostileName, hostileName}, hostileName, false}}})
	}},
	{"stay", "asked", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteStaySignedIn(w, r, StaySignedIn{Flow: sampleFlow(r)})
	}},
	{"stay", "long", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteStaySignedIn(w, r, StaySignedIn{Flow: longFlow(r)})
	}},
	{"consent", "person", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskConsent(w, r, AskConsent{Flow: sampleFlow(r), Groups: sampleGroups[1:], ReplyHost: "orders.hakone.example"})
	}},
	{"consent", "administrator", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskConsent(w, r, AskConsent{Flow: sampleFlow(r), Groups: sampleGroups, MayOrganisation: true, ReplyHost: "orders.hakone.example",
			Home: "https://orders.hakone.example/", Terms: "https://orders.hakone.example/terms", Privacy: "https://orders.hakone.example/privacy"})
	}},
	{"consent", "organization", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskConsent(w, r, AskConsent{Flow: sampleFlow(r), Groups: sampleGroups, Organisation: true, Again: true})
	}},
	{"consent", "own", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		f := sampleFlow(r)
		f.Publisher = Publisher{Name: f.Tenant, Own: true}
		p.WriteAskConsent(w, r, AskConsent{Flow: f, Groups: sampleGroups[1:], ReplyHost: "localhost"})
	}},
	{"consent", "long", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskConsent(w, r, AskConsent{Flow: longFlow(r), Groups: longGroups, MayOrganisation: true, ReplyHost: unbrokenName + ".example",
			Home: longAddress, Terms: longAddress, Privacy: longAddress})
	}},
	{"consent", "hostile", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAskConsent(w, r, AskConsent{Flow: hostileFlow(r), Groups: longGroups[1:], ReplyHost: hostileName,
			Home: "javascript:alert(1)", Terms: "data:text/html,x", Privacy: hostileName})
	}},
	{"refused", "account", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteRefused(w, r, Refused{Flow: sampleFlow(r), Err: aadsts.New(aadsts.NotAssigned, "hana@hakone.example", "Orders")})
	}},
	{"refused", "approval", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteRefused(w, r, Refused{Flow: sampleFlow(r), Err: aadsts.New(aadsts.AdminConsentRequired, "Orders"), Groups: sampleGroups})
	}},
	{"refused", "server", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteRefused(w, r, Refused{Flow: anonymous(sampleFlow(r)), Err: aadsts.New(aadsts.ConsentNotRecorded)})
	}},
	{"refused", "long", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteRefused(w, r, Refused{Flow: longFlow(r), Err: aadsts.New(aadsts.RiskyApplication, longName), Groups: longGroups})
	}},
	{"refused", "hostile", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteRefused(w, r, Refused{Flow: hostileFlow(r), Err: aadsts.New(aadsts.NotAssigned, hostileName, hostileName)})
	}},
}

// anonymous is a flow before anybody is known.
func anonymous(f Flow) Flow {
	f.Account = nil
	return f
}

// endSamples are states of the pages at the end of a visit.
var endSamples = []sample{
	{"formpost", "code", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteFormPost(w, r, FormPost{Target: accepted(r), Application: "Orders",
			Fields: []Field{{"code", "0.AAAA"}, {"state", hostileName}, {"session_state", sampleID}}})
	}},
	{"signout", "one", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteConfirmSignOut(w, r, ConfirmSignOut{Flow: anonymous(sampleFlow(r)), Tiles: sampleTiles[:1]})
	}},
	{"signout", "several", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteConfirmSignOut(w, r, ConfirmSignOut{Flow: anonymous(sampleFlow(r)), Tiles: sampleTiles})
	}},
	{"signout", "long", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		f := longFlow(r)
		p.WriteConfirmSignOut(w, r, ConfirmSignOut{Flow: anonymous(f), Tiles: []Tile{{*f.Account, "1", true}}})
	}},
	{"signedout", "stay", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteSignedOut(w, r, SignedOut{Account: &Account{"Hana Mori", "hana@hakone.example"}})
	}},
	{"signedout", "next", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteSignedOut(w, r, SignedOut{Account: &Account{"Hana Mori", "hana@hakone.example"}, Application: "Orders",
			Next: accepted(r) + "&state=a%20b;c", Frames: []string{accepted(r) + "&sid=1", "javascript:alert(1)"}})
	}},
	{"adminconsented", "done", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAdminConsented(w, r, AdminConsented{Application: "Orders", Tenant: "Hakone Teahouses"})
	}},
	{"adminconsented", "long", func(p *Pages, w http.ResponseWriter, r *http.Request) {
		p.WriteAdminConsented(w, r, AdminConsented{Application: longName, Tenant: hostileName})
	}},
}
