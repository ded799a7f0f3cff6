package directory

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of users.
const (
	maxPrincipalName     = 113
	maxPrincipalAlias    = 64
	maxMailNickname      = 64
	minPassword          = 8
	maxPassword          = 256
	maxPasswordBytes     = 1 << 10
	minPasswordClasses   = 3
	minAliasInPassword   = 3
	disableStrong        = "DisableStrongPassword"
	disableExpiration    = "DisablePasswordExpiration"
	invitation           = "Invitation"
	principalNameChars   = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'.-_!#^~"
	mailNicknameExcluded = "@()\\[]\";:<>, "
)

// principalName judges a user principal name and returns it with its domain in
// lower case. Only ASCII letters are allowed before the @, so no two names look
// alike without being alike; the domain is one that the tenant has verified.
func principalName(name string, t *Tenant) (string, error) {
	const property = "userPrincipalName"
	if name == "" {
		return "", invalid(property, "Property userPrincipalName is required and cannot be empty.")
	}
	at := strings.LastIndexByte(name, '@')
	if at < 0 || len(name) > maxPrincipalName {
		return "", invalid(property, "Property userPrincipalName is invalid: it is alias@domain and has at most %d characters.", maxPrincipalName)
	}
	alias, domain := name[:at], strings.ToLower(name[at+1:])
	if alias == "" || len(alias) > maxPrincipalAlias && !strings.Contains(alias, "#EXT#") ||
		strings.HasPrefix(alias, ".") || strings.HasSuffix(alias, ".") || strings.Contains(alias, "..") ||
		strings.ContainsFunc(alias, func(r rune) bool { return !strings.ContainsRune(principalNameChars, r) }) {
		return "", invalid(property, "Property userPrincipalName is invalid: before the @ it holds 1 to %d of A-Z a-z 0-9 ' . - _ ! # ^ ~ and no dot at either end.", maxPrincipalAlias)
	}
	if !t.VerifiedDomain(domain) {
		return "", invalid(property, textUserDomain)
	}
	return alias + "@" + domain, nil
}

// judgeUser judges an account; its principal name is written back in the form
// that is stored.
func judgeUser(before, u *User, t *Tenant) error {
	for _, f := range []struct {
		property string
		same     bool
	}{
		{"id", u.ID == before.ID}, {"tenantId", u.TenantID == before.TenantID},
		{"createdDateTime", u.CreatedAt.Equal(before.CreatedAt)}, {"deletedDateTime", u.DeletedAt.Equal(before.DeletedAt)},
		{"creationType", same(u.CreationType, before.CreationType)},
	} {
		if !f.same {
			return refusal(ReadOnly, f.property, "Property %s is read-only.", f.property)
		}
	}
	normalizeUser(u)
	if u.UserPrincipalName != before.UserPrincipalName {
		upn, err := principalName(u.UserPrincipalName, t)
		if err != nil {
			return err
		}
		u.UserPrincipalName = upn
	}
	return first(
		label("displayName", u.DisplayName, maxDisplayName),
		mailNickname(u.MailNickname),
		mail("mail", u.Mail),
		mails("otherMails", u.OtherMails),
		atMost("businessPhones", len(u.BusinessPhones), 1),
		each(u.BusinessPhones, func(s string) error { return line("businessPhones", &s, 64) }),
		userTexts(u),
		oneOf("userType", u.UserType, "Member", "Guest"),
		oneOf("creationType", u.CreationType, invitation, "LocalAccount", "SelfServiceSignUp", "EmailVerified"),
		oneOf("externalUserState", u.ExternalUserState, "PendingAcceptance", "Accepted"),
		oneOf("ageGroup", u.AgeGroup, "Minor", "NotAdult", "Adult"),
		oneOf("consentProvidedForMinor", u.ConsentForMinor, "Granted", "Denied", "NotRequired"),
		countryCode("usageLocation", u.UsageLocation),
		passwordPolicies(u.PasswordPolicies),
	)
}

// userTexts judges the lengths of an account's plain strings.
func userTexts(u *User) error {
	for _, f := range []struct {
		property string
		value    *string
		limit    int
	}{
		{"givenName", u.GivenName, 64}, {"surname", u.Surname, 64}, {"jobTitle", u.JobTitle, 128},
		{"department", u.Department, 64}, {"companyName", u.CompanyName, 64}, {"employeeId", u.EmployeeID, 16},
		{"employeeType", u.EmployeeType, 64}, {"officeLocation", u.OfficeLocation, 128}, {"city", u.City, 128},
		{"state", u.State, 128}, {"country", u.Country, 128}, {"postalCode", u.PostalCode, 40},
		{"mobilePhone", u.MobilePhone, 64}, {"faxNumber", u.FaxNumber, 64}, {"preferredLanguage", u.PreferredLanguage, 35},
		{"onPremisesImmutableId", u.ImmutableID, 256},
	} {
		if err := line(f.property, f.value, f.limit); err != nil {
			return err
		}
	}
	return text("streetAddress", u.StreetAddress, 1024)
}

func normalizeUser(u *User) {
	blankToNil(&u.MailNickname, &u.Mail, &u.GivenName, &u.Surname, &u.JobTitle, &u.Department, &u.CompanyName, &u.EmployeeID,
		&u.EmployeeType, &u.OfficeLocation, &u.StreetAddress, &u.City, &u.State, &u.Country, &u.PostalCode, &u.MobilePhone,
		&u.FaxNumber, &u.PreferredLanguage, &u.UsageLocation, &u.AgeGroup, &u.ConsentForMinor, &u.PasswordPolicies, &u.ImmutableID)
	for i := range u.Identities { // they are compared exactly
		x := &u.Identities[i]
		for _, s := range []*string{&x.Issuer, &x.IssuerAssignedID} {
			if id, err := ParseID(*s); err == nil {
				*s = string(id)
			}
		}
	}
}

// mailNickname judges the mail alias, which every account has.
func mailNickname(s *string) error {
	if s == nil {
		return invalid("mailNickname", "Property mailNickname is required and cannot be empty.")
	}
	if len(*s) > maxMailNickname || strings.ContainsFunc(*s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(mailNicknameExcluded, r)
	}) {
		return invalid("mailNickname", "Property mailNickname holds at most %d ASCII characters, and none of @ ( ) \\ [ ] \" ; : < > , or a blank.", maxMailNickname)
	}
	return nil
}

// passwordPolicies judges a list of names with commas.
func passwordPolicies(s *string) error {
	if s == nil {
		return nil
	}
	names := strings.Split(*s, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
		if err := oneOf("passwordPolicies", &names[i], "None", disableStrong, disableExpiration); err != nil {
			return err
		}
	}
	return unique("passwordPolicies", names)
}

// bannedPasswords are the words that most guessing begins with. A password is
// refused if nothing but such a word is left of it without digits and signs.
var bannedPasswords = []string{
	"password", "passwort", "passw", "welcome", "letmein", "qwerty", "qwertyuiop", "admin", "administrator", "changeme", "secret",
	"iloveyou", "monkey", "dragon", "sunshine", "princess", "football", "baseball", "summer", "winter", "spring", "autumn",
	"login", "master", "default", "test", "guest", "sekisho",
}

// leet undoes the substitutions that everybody knows.
var leet = strings.NewReplacer("0", "o", "@", "a", "4", "a", "$", "s", "5", "s", "3", "e", "1", "i", "!", "i", "7", "t")

// acceptablePassword judges a password for an account. The text of the refusal
// never says which rule it was.
func acceptablePassword(password string, u *User) error {
	weak := invalid("passwordProfile", textWeakPassword)
	n := utf8.RuneCountInString(password)
	if !utf8.ValidString(password) || n < minPassword || n > maxPassword || len(password) > maxPasswordBytes {
		return weak
	}
	alias, _, _ := strings.Cut(strings.ToLower(u.UserPrincipalName), "@")
	if len(alias) >= minAliasInPassword && strings.Contains(strings.ToLower(password), alias) {
		return weak
	}
	notLetter := func(r rune) bool { return !unicode.IsLetter(r) }
	word := strings.ToLower(password)
	for _, form := range []string{strings.TrimFunc(word, notLetter), leet.Replace(strings.TrimFunc(word, notLetter)), strings.TrimFunc(leet.Replace(word), notLetter)} {
		if slices.Contains(bannedPasswords, form) {
			return weak
		}
	}
	if strings.Contains(value(u.PasswordPolicies), disableStrong) {
		return nil
	}
	if passwordClasses(password) < minPasswordClasses {
		return weak
	}
	return nil
}

// passwordClasses counts the kinds of characters: lower case, upper case,
// digits, others.
func passwordClasses(password string) int {
	var lower, upper, digit, other int
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = 1
		case unicode.IsUpper(r):
			upper = 1
		case unicode.IsDigit(r):
			digit = 1
		default:
			other = 1
		}
	}
	return lower + upper + digit + other
}
