package directory

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Bounds of the lifetime that a policy may give to access tokens.
const (
	MinAccessTokenLifetime = 10 * time.Minute
	MaxAccessTokenLifetime = 24 * time.Hour
)

// retiredLifetimes could be set until January 2021; policies that still name
// them are accepted, and they have no effect
// (learn.microsoft.com/entra/identity-platform/configurable-token-lifetimes).
var retiredLifetimes = []string{
	"MaxInactiveTime", "MaxAgeSingleFactor", "MaxAgeMultiFactor", "MaxAgeSessionSingleFactor", "MaxAgeSessionMultiFactor",
}

// timeSpan is [D.]HH:MM:SS.
var timeSpan = regexp.MustCompile(`^(?:(\d{1,3})\.)?([01]\d|2[0-3]):([0-5]\d):([0-5]\d)$`)

// ParseLifetimePolicy reads the definition of a tokenLifetimePolicy: a list of
// one JSON text, {"TokenLifetimePolicy":{"Version":1,"AccessTokenLifetime":"02:00:00"}}.
// It returns the lifetime of access tokens, 10 minutes to 24 hours, or 0 if the
// policy leaves it at the default.
func ParseLifetimePolicy(definition []string) (time.Duration, error) {
	const property = "definition"
	if len(definition) != 1 {
		return 0, invalid(property, "Property definition must hold exactly one JSON text.")
	}
	var outer map[string]map[string]json.RawMessage
	if err := decodeOne(definition[0], &outer); err != nil {
		return 0, invalid(property, "Property definition is not valid JSON.")
	}
	policy, ok := outer["TokenLifetimePolicy"]
	if !ok || len(outer) != 1 {
		return 0, invalid(property, "Property definition must hold the member TokenLifetimePolicy and no other.")
	}
	if string(policy["Version"]) != "1" {
		return 0, invalid(property, "TokenLifetimePolicy.Version must be 1.")
	}
	for name := range policy {
		if name != "Version" && name != "AccessTokenLifetime" && !slices.Contains(retiredLifetimes, name) {
			return 0, invalid(property, "TokenLifetimePolicy.%s is not known.", clip(name))
		}
	}
	raw, ok := policy["AccessTokenLifetime"]
	if !ok {
		return 0, nil
	}
	var span string
	if err := json.Unmarshal(raw, &span); err != nil {
		return 0, invalid(property, "TokenLifetimePolicy.AccessTokenLifetime must be a string of the form D.HH:MM:SS.")
	}
	d, ok := parseTimeSpan(span)
	if !ok {
		return 0, invalid(property, "TokenLifetimePolicy.AccessTokenLifetime '%s' is not of the form D.HH:MM:SS.", clip(span))
	}
	if d < MinAccessTokenLifetime || d > MaxAccessTokenLifetime {
		return 0, invalid(property, "TokenLifetimePolicy.AccessTokenLifetime must lie between 00:10:00 and 1.00:00:00.")
	}
	return d, nil
}

// decodeOne decodes exactly one JSON value.
func decodeOne(s string, v any) error {
	d := json.NewDecoder(bytes.NewReader([]byte(s)))
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text after the JSON value")
	}
	return nil
}

func parseTimeSpan(s string) (time.Duration, bool) {
	m := timeSpan.FindStringSubmatch(s)
	if m == nil {
		return 0, false
	}
	var d time.Duration
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if m[i+1] != "" {
			n, err := strconv.Atoi(m[i+1])
			if err != nil {
				return 0, false
			}
			d += time.Duration(n) * unit
		}
	}
	return d, true
}

// lifetimePolicy judges a policy and reads its lifetime.
func lifetimePolicy(p *TokenLifetimePolicy) error {
	blankToNil(&p.Description)
	d, err := ParseLifetimePolicy(p.Definition)
	if err != nil {
		return err
	}
	p.AccessTokenLifetime = d
	return first(label("displayName", p.DisplayName, maxDisplayName), text("description", p.Description, maxDescription))
}
