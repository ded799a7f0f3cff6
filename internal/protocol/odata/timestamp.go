package odata

import (
	"math"
	"strconv"
	"strings"
	"time"
)

const (
	dateLayout = "2006-01-02"
	timeLayout = "2006-01-02T15:04:05.9999999Z"

	// tick is the precision of a timestamp: seven fraction digits.
	tick = 100 * time.Nanosecond
	day  = 24 * time.Hour
)

// FormatTime prints t as Graph prints an Edm.DateTimeOffset: ISO 8601, UTC,
// whole seconds or as many of seven fraction digits as are needed.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// ParseTime reads an Edm.DateTimeOffset: date, "T", time, and "Z" or an offset.
// Seconds may be missing and have up to twelve fraction digits (OData ABNF,
// rule fractionalSeconds); what is finer than 100 ns is cut off. The result is
// in UTC. The error is an *Error of kind Value.
func ParseTime(s string) (time.Time, error) {
	bad := fail(Value, -1, "%s is not a timestamp such as 2026-01-31T09:00:00Z", excerpt(s))
	date, clock, ok := strings.Cut(s, "T")
	if !ok {
		return time.Time{}, bad
	}
	d, err := parseDate(date)
	if err != nil {
		return time.Time{}, bad
	}
	offset, clock, ok := cutOffset(clock)
	if !ok {
		return time.Time{}, bad
	}
	since, ok := parseClock(clock)
	if !ok {
		return time.Time{}, bad
	}
	t := d.Add(since - offset).Truncate(tick)
	// An offset can push the first or last day out of the years 0001 to 9999,
	// which no client could read back.
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, bad
	}
	return t, nil
}

func parseDate(s string) (time.Time, error) {
	t, err := time.Parse(dateLayout, s)
	if err != nil || len(s) != len(dateLayout) || t.Year() < 1 {
		return time.Time{}, fail(Value, -1, "%s is not a date such as 2026-01-31", excerpt(s))
	}
	return t, nil
}

// cutOffset separates "Z" or "+09:00" from the end of a time of day.
func cutOffset(s string) (offset time.Duration, clock string, ok bool) {
	if clock, ok := strings.CutSuffix(s, "Z"); ok {
		return 0, clock, true
	}
	i := len(s) - len("+09:00")
	if i < 0 || (s[i] != '+' && s[i] != '-') || s[i+3] != ':' {
		return 0, "", false
	}
	h, ok1 := twoDigits(s[i+1:i+3], 14)
	m, ok2 := twoDigits(s[i+4:], 59)
	offset = time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if s[i] == '-' {
		offset = -offset
	}
	return offset, s[:i], ok1 && ok2
}

// parseClock reads hh:mm[:ss[.fraction]].
func parseClock(s string) (time.Duration, bool) {
	s, fraction, hasFraction := strings.Cut(s, ".")
	parts := strings.Split(s, ":")
	if len(parts) < 2 || len(parts) > 3 || (hasFraction && len(parts) != 3) {
		return 0, false
	}
	h, ok1 := twoDigits(parts[0], 23)
	m, ok2 := twoDigits(parts[1], 59)
	d := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	if !ok1 || !ok2 || len(parts) == 2 {
		return d, ok1 && ok2
	}
	sec, ok := twoDigits(parts[2], 59) // no leap seconds: Edm.DateTimeOffset has none
	d += time.Duration(sec) * time.Second
	if !ok || !hasFraction {
		return d, ok
	}
	ns, ok := nanoseconds(fraction, 12)
	return d + ns, ok
}

func twoDigits(s string, most int) (int, bool) {
	if len(s) != 2 || !isDigit(s[0]) || !isDigit(s[1]) {
		return 0, false
	}
	n := int(s[0]-'0')*10 + int(s[1]-'0')
	return n, n <= most
}

// nanoseconds reads the digits after a decimal point, at most maxDigits.
func nanoseconds(digits string, maxDigits int) (time.Duration, bool) {
	if digits == "" || len(digits) > maxDigits {
		return 0, false
	}
	var ns time.Duration
	for i := range 9 {
		ns *= 10
		if i < len(digits) {
			ns += time.Duration(digits[i] - '0')
		}
	}
	for i := range len(digits) {
		if !isDigit(digits[i]) {
			return 0, false
		}
	}
	return ns, true
}

// FormatDuration prints d as an Edm.Duration: P90D, PT1H, P1DT12H, PT0.5S. A
// day has 24 hours; zero is PT0S.
func FormatDuration(d time.Duration) string {
	if d == 0 {
		return "PT0S"
	}
	var b strings.Builder
	left := uint64(d)
	if d < 0 {
		b.WriteByte('-')
		left = -left // correct for the smallest int64 as well
	}
	b.WriteByte('P')
	unit := func(size time.Duration, letter byte) {
		if n := left / uint64(size); n > 0 {
			b.WriteString(strconv.FormatUint(n, 10))
			b.WriteByte(letter)
			left %= uint64(size)
		}
	}
	unit(day, 'D')
	if left == 0 {
		return b.String()
	}
	b.WriteByte('T')
	unit(time.Hour, 'H')
	unit(time.Minute, 'M')
	if left > 0 {
		b.WriteString(strconv.FormatUint(left/uint64(time.Second), 10))
		if ns := left % uint64(time.Second); ns > 0 {
			digits := strconv.FormatUint(uint64(time.Second)+ns, 10)[1:]
			b.WriteString("." + strings.TrimRight(digits, "0"))
		}
		b.WriteByte('S')
	}
	return b.String()
}

// ParseDuration reads an Edm.Duration: days, hours, minutes and seconds of ISO
// 8601, with an optional sign. Years, months and weeks are not part of it,
// their length not being known. The error is an *Error of kind Value.
func ParseDuration(s string) (time.Duration, error) {
	bad := fail(Value, -1, "%s is not a duration such as P90D or PT1H30M", excerpt(s))
	rest, negative := strings.CutPrefix(s, "-")
	rest, ok := strings.CutPrefix(rest, "P")
	if !ok {
		return 0, bad
	}
	days, clock, hasClock := strings.Cut(rest, "T")
	total, ok := addComponents(0, days, "D")
	if !ok || (hasClock && clock == "") || (!hasClock && days == "") {
		return 0, bad
	}
	if total, ok = addComponents(total, clock, "HMS"); !ok {
		return 0, bad
	}
	if negative {
		total = -total
	}
	return total, nil
}

// addComponents adds numbers followed by the given letters, each at most once
// and in that order, to total.
func addComponents(total time.Duration, s, letters string) (time.Duration, bool) {
	sizes := map[byte]time.Duration{'D': day, 'H': time.Hour, 'M': time.Minute, 'S': time.Second}
	for s != "" {
		end := strings.IndexAny(s, letters)
		if end <= 0 {
			return 0, false
		}
		letter := s[end]
		whole, fraction, hasFraction := strings.Cut(s[:end], ".")
		n, err := strconv.ParseUint(whole, 10, 63)
		if err != nil || n > uint64((math.MaxInt64-total)/sizes[letter]) {
			return 0, false
		}
		total += time.Duration(n) * sizes[letter]
		if hasFraction {
			ns, ok := nanoseconds(fraction, 9)
			if !ok || letter != 'S' || ns > math.MaxInt64-total {
				return 0, false
			}
			total += ns
		}
		letters = letters[strings.IndexByte(letters, letter)+1:]
		s = s[end+1:]
	}
	return total, true
}
