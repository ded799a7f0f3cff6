package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

var durationType = reflect.TypeFor[time.Duration]()

// fieldByKey finds the field of a struct that a key names.
func fieldByKey(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// keys are the names that a group knows.
func keys(t reflect.Type) []string {
	var names []string
	for i := range t.NumField() {
		names = append(names, t.Field(i).Tag.Get("yaml"))
	}
	return names
}

func unknownKey(t reflect.Type, path, name string) string {
	known := keys(t)
	message := fmt.Sprintf("unknown key %s", join(path, name))
	best, distance := "", 3
	for _, k := range known {
		if d := editDistance(strings.ToLower(k), strings.ToLower(name)); d < distance {
			best, distance = k, d
		}
	}
	if best != "" {
		return fmt.Sprintf("%s; did you mean %s?", message, best)
	}
	slices.Sort(known)
	return fmt.Sprintf("%s; known here: %s", message, strings.Join(known, ", "))
}

// editDistance is the Levenshtein distance.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			above := row[j]
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j]+1, row[j-1]+1, diagonal+cost)
			diagonal = above
		}
	}
	return row[len(b)]
}

// secretKeys are the keys whose values are never shown.
var secretKeys = findSecretKeys(reflect.TypeFor[Config]())

func findSecretKeys(t reflect.Type) []string {
	var found []string
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("secret") != "" {
			found = append(found, f.Tag.Get("yaml"))
		}
		if f.Type.Kind() == reflect.Struct {
			found = append(found, findSecretKeys(f.Type)...)
		}
	}
	return found
}

// hideSecret cuts the value out of a line that holds a secret key. A fault of
// syntax can be in such a line, so it goes by the text.
func hideSecret(line string) string {
	for _, key := range secretKeys {
		at := strings.Index(strings.ToLower(line), strings.ToLower(key))
		if at < 0 {
			continue
		}
		rest := line[at+len(key):]
		if colon := strings.IndexByte(rest, ':'); colon >= 0 && strings.TrimSpace(rest[colon+1:]) != "" {
			return line[:at+len(key)+colon+1] + " …"
		}
	}
	return hideURLPassword(line)
}

// hideURLPassword cuts the user part out of an address that stands in a line on
// its own, such as the second line of a folded value.
func hideURLPassword(line string) string {
	scheme := strings.Index(line, "://")
	if scheme < 0 {
		return line
	}
	if at := strings.LastIndexByte(line, '@'); at > scheme {
		return line[:scheme+3] + "…" + line[at:]
	}
	return line
}

// parseDuration reads Go's form, and days ("30d") as operators write them.
func parseDuration(s string) (time.Duration, error) {
	if n, ok := strings.CutSuffix(s, "d"); ok {
		var days int
		if _, err := fmt.Sscanf(n, "%d", &days); err == nil && fmt.Sprint(days) == n && days >= 0 && days <= 36500 {
			return time.Duration(days) * day, nil
		}
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("must be a duration such as 30d, 12h or 90s")
	}
	return d, nil
}
