package consent

import (
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// basic are the permissions of Graph that tell an application no more than who
// signed in. They are what the policy "low" lets people consent to, and what an
// application whose publisher nobody verified may ask for
// (learn.microsoft.com/entra/identity/enterprise-apps/configure-risk-based-step-up-consent).
var basic = []string{"openid", "profile", "email", "offline_access", "User.Read"}

// highImpact are the permissions of Graph that the recommended policy leaves to
// administrators: mail, calendars, chats, and the files and sites of everyone
// (learn.microsoft.com/entra/identity/enterprise-apps/manage-app-consent-policies).
var highImpact = []string{
	"Mail.Read", "Mail.ReadBasic", "Mail.ReadWrite", "Mail.Send",
	"Mail.Read.Shared", "Mail.ReadBasic.Shared", "Mail.ReadWrite.Shared", "Mail.Send.Shared",
	"MailboxSettings.Read", "MailboxSettings.ReadWrite",
	"IMAP.AccessAsUser.All", "POP.AccessAsUser.All", "SMTP.Send", "EWS.AccessAsUser.All",
	"Calendars.Read", "Calendars.ReadBasic", "Calendars.ReadWrite", "Calendars.Read.Shared", "Calendars.ReadWrite.Shared",
	"Chat.Read", "Chat.ReadBasic", "Chat.ReadWrite", "Chat.Create", "ChatMessage.Read", "ChatMessage.Send",
	"ChannelMessage.Read.All", "ChannelMessage.Send",
	"Files.Read.All", "Files.ReadWrite.All", "Files.Read.Selected", "Files.ReadWrite.Selected",
	"Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All", "Sites.FullControl.All", "Sites.Selected",
}

// among reports whether a permission is one of Graph's with such a value.
func (p *Permission) among(values []string) bool {
	return p.Resource.AppID == directory.GraphAppID && slices.ContainsFunc(values, func(v string) bool { return strings.EqualFold(v, p.Value) })
}

// power is what directory roles let a person grant.
type power int

const (
	ordinary power = iota
	// managesApplications grants everything but Graph's application permissions.
	managesApplications
	// grantsEverything grants all there is, and for all people.
	grantsEverything
)

// powers of the directory roles
// (learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference).
var powers = map[directory.ID]power{
	directory.RoleGlobalAdministrator:           grantsEverything,
	directory.RolePrivilegedRoleAdministrator:   grantsEverything,
	directory.RoleApplicationAdministrator:      managesApplications,
	directory.RoleCloudApplicationAdministrator: managesApplications,
}

func powerOf(roles []directory.ID) power {
	most := ordinary
	for _, r := range roles {
		most = max(most, powers[r])
	}
	return most
}

// sensitivity orders permissions on a page.
func (p *Permission) sensitivity() int {
	switch {
	case p.Application:
		return 4
	case p.AdminOnly:
		return 3
	case p.among(highImpact):
		return 2
	case p.among(basic):
		return 0
	}
	return 1
}
