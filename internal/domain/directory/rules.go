package directory

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The rules are pure functions of the object before and after a change, so that
// they can run inside the transaction of a store. What they need to know of
// other objects (is this URI taken, who has that domain) the operations look up
// beforehand.

// Messages that Graph clients compare with, word for word.
const (
	textEnabledEntitlement = "Permission (scope or role) cannot be deleted or updated unless disabled first."
	textAddedReference     = "One or more added object references already exist for the following modified properties: '%s'."
	textRemovedReference   = "One or more removed object references do not exist for the following modified properties: '%s'."
	textBadReference       = "Not a valid reference update."
	textAssigned           = "Permission being assigned already exists on the object"
	textGrantExists        = "Permission entry already exists."
	textMissingResource    = "Resource '%s' does not exist or one of its queried reference-property objects are not present."
	textConflicting        = "A conflicting object with one or more of the specified property values is present in the directory."
	textSameValue          = "Another object with the same value for property %s already exists."
	textPrivileges         = "Insufficient privileges to complete the operation."
	textNoApplication      = "The appId '%s' of the service principal does not reference a valid application object."
	textForeignApplication = "When using this permission, the backing application of the service principal being created must in the local tenant"
	textNameInUse          = "The service principal cannot be created, updated, or restored because the service principal name %s is already in use."
	textNoPassword         = "No password credential found with keyId '%s'."
	textWeakPassword       = "The specified password does not comply with password complexity requirements."
	textUserDomain         = "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain names in your organization."
	textDuplicateValues    = "Request contains a property with duplicate values."
	textElsewhere          = "The account has no password here: its owner signs in with an account of another organisation."
	textBuiltin            = "The object belongs to the platform and cannot be changed."
)

// invalid refuses a value of a property.
func invalid(property, format string, args ...any) error {
	return &RuleError{Kind: Invalid, Property: property, Message: fmt.Sprintf(format, args...)}
}

// refusal is a refusal of another kind.
func refusal(kind RuleKind, property, format string, args ...any) error {
	return &RuleError{Kind: kind, Property: property, Message: fmt.Sprintf(format, args...)}
}

// forbidden refuses a caller.
func forbidden() error { return refusal(Forbidden, "", textPrivileges) }

// first returns the first refusal.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// each judges every element of a list.
func each[T any](list []T, judge func(T) error) error {
	for _, v := range list {
		if err := judge(v); err != nil {
			return err
		}
	}
	return nil
}

// text judges a string: valid UTF-8, at most limit characters, no control
// characters. A nil pointer is fine.
func text(property string, s *string, limit int) error {
	if s == nil {
		return nil
	}
	switch {
	case !utf8.ValidString(*s):
		return invalid(property, "Property %s is not valid UTF-8.", property)
	case utf8.RuneCountInString(*s) > limit:
		return invalid(property, "Property %s is longer than %d characters.", property, limit)
	case strings.ContainsFunc(*s, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }):
		return invalid(property, "Property %s holds control characters.", property)
	}
	return nil
}

// label judges a required string of one line.
func label(property, s string, limit int) error {
	if strings.TrimSpace(s) == "" {
		return invalid(property, "Property %s is required and cannot be empty.", property)
	}
	return line(property, &s, limit)
}

// line judges an optional string of one line.
func line(property string, s *string, limit int) error {
	if err := text(property, s, limit); err != nil {
		return err
	}
	if s != nil && strings.ContainsAny(*s, "\r\n\t") {
		return invalid(property, "Property %s holds control characters.", property)
	}
	return nil
}

// oneOf judges a string that is one of a few values.
func oneOf(property string, s *string, values ...string) error {
	if s == nil || slices.Contains(values, *s) {
		return nil
	}
	return invalid(property, "Value '%s' of property %s is none of: %s.", clip(*s), property, strings.Join(values, ", "))
}

// unique judges that a list holds nothing twice.
func unique[T comparable](property string, list []T) error {
	seen := make(map[T]bool, len(list))
	for _, v := range list {
		if seen[v] {
			return invalid(property, "Property %s holds the value '%s' twice.", property, clip(fmt.Sprint(v)))
		}
		seen[v] = true
	}
	return nil
}

// atMost judges the length of a list.
func atMost(property string, n, limit int) error {
	if n > limit {
		return invalid(property, "Property %s holds %d values; at most %d are allowed.", property, n, limit)
	}
	return nil
}

// canonicalID writes a GUID canonically and refuses what is none.
func canonicalID(property string, id *ID) error {
	got, err := ParseID(string(*id))
	if err != nil {
		return invalid(property, "Value '%s' of property %s is not a GUID.", clip(string(*id)), property)
	}
	*id = got
	return nil
}

// canonicalIDs does so for a list.
func canonicalIDs(property string, ids []ID) error {
	for i := range ids {
		if err := canonicalID(property, &ids[i]); err != nil {
			return err
		}
	}
	return nil
}

// blankToNil makes of an empty string what Graph means by it: no value.
func blankToNil(fields ...**string) {
	for _, f := range fields {
		if *f != nil && **f == "" {
			*f = nil
		}
	}
}

// clip shortens a caller's value for a message.
func clip(s string) string {
	const limit = 120
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) > limit {
		return string([]rune(s)[:limit]) + "…"
	}
	return s
}

// value is the string behind p, "" for nil.
func value(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// same reports whether two optional values are equal.
func same[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

// tags judges Graph's tags.
func tags(list []string) error {
	if err := unique("tags", list); err != nil {
		return err
	}
	return each(list, func(s string) error {
		if s == "" || strings.ContainsFunc(s, unicode.IsSpace) {
			return invalid("tags", "A tag has 1 to 256 characters and no white space.")
		}
		return line("tags", &s, 256)
	})
}
