package odata

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestTimestamps(t *testing.T) {
	for _, tt := range []struct{ text, canonical string }{
		{"2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"},
		{"2026-01-31T09:00Z", "2026-01-31T09:00:00Z"},
		{"2026-01-31T09:00:00.0000000Z", "2026-01-31T09:00:00Z"},
		{"2026-01-31T09:00:00.1234567Z", "2026-01-31T09:00:00.1234567Z"},
		{"2026-01-31T09:00:00.123456789Z", "2026-01-31T09:00:00.1234567Z"},
		{"2026-01-31T09:00:00.120000000000Z", "2026-01-31T09:00:00.12Z"},
		{"2026-01-31T00:30:00+09:00", "2026-01-30T15:30:00Z"},
		{"2026-01-31T23:30:00-02:30", "2026-02-01T02:00:00Z"},
		{"2024-02-29T23:59:59Z", "2024-02-29T23:59:59Z"},
		{"0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59.9999999Z", "9999-12-31T23:59:59.9999999Z"},
	} {
		got, err := ParseTime(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
		} else if s := FormatTime(got); s != tt.canonical {
			t.Errorf("%s prints as %s, want %s", tt.text, s, tt.canonical)
		}
	}
	jst := time.FixedZone("JST", 9*3600)
	if s := FormatTime(time.Date(2026, 1, 1, 0, 0, 0, 999, jst)); s != "2025-12-31T15:00:00.0000009Z" {
		t.Errorf("FormatTime does not convert to UTC and cut off: %s", s)
	}
	for _, text := range []string{
		"", "2026-01-31", "2026-01-31T09:00:00", "2026-01-31 09:00:00Z", "2026-01-31t09:00:00z",
		"2026-02-29T09:00:00Z", "2026-13-01T09:00:00Z", "2026-01-00T09:00:00Z", "26-01-31T09:00:00Z",
		"0000-01-01T00:00:00Z", "2026-01-31T24:00:00Z", "2026-01-31T09:60:00Z", "2026-01-31T09:00:60Z",
		"2026-01-31T9:00:00Z", "2026-01-31T09:00:00.Z", "2026-01-31T09:00:00,5Z", "2026-01-31T09:00.5Z",
		"2026-01-31T09:00:00.1234567890123Z", "2026-01-31T09:00:00+9:00", "2026-01-31T09:00:00+0900",
		"2026-01-31T09:00:00+15:00", "2026-01-31T09:00:00+09:60", "2026-01-31T09Z", "2026-01-31TZ",
		"0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2026-01-31T09:00:00ZZ", "2026-01-31T09:00:00.1x",
	} {
		if got, err := ParseTime(text); !errors.Is(err, Value) {
			t.Errorf("%s: got %v, %v; want a bad value", text, got, err)
		}
	}
}

func TestDurations(t *testing.T) {
	for _, tt := range []struct {
		text      string
		want      time.Duration
		canonical string
	}{
		{"P90D", 90 * day, "P90D"},
		{"PT1H", time.Hour, "PT1H"},
		{"PT90M", 90 * time.Minute, "PT1H30M"},
		{"P1DT12H", 36 * time.Hour, "P1DT12H"},
		{"PT86400S", day, "P1D"},
		{"PT0S", 0, "PT0S"},
		{"P0D", 0, "PT0S"},
		{"-PT0.5S", -time.Second / 2, "-PT0.5S"},
		{"P1DT2H3M4.000000005S", day + 2*time.Hour + 3*time.Minute + 4*time.Second + 5, "P1DT2H3M4.000000005S"},
		{"PT1H1S", time.Hour + time.Second, "PT1H1S"},
	} {
		got, err := ParseDuration(tt.text)
		if err != nil || got != tt.want {
			t.Errorf("%s: got %v, %v; want %v", tt.text, got, err, tt.want)
		} else if s := FormatDuration(got); s != tt.canonical {
			t.Errorf("%s prints as %s, want %s", tt.text, s, tt.canonical)
		}
	}
	for _, d := range []time.Duration{math.MaxInt64, -math.MaxInt64} {
		if got, err := ParseDuration(FormatDuration(d)); err != nil || got != d {
			t.Errorf("%v: got %v, %v back from %s", int64(d), int64(got), err, FormatDuration(d))
		}
	}
	if s := FormatDuration(math.MinInt64); s != "-P106751DT23H47M16.854775808S" {
		t.Errorf("the smallest duration prints as %s", s)
	}
	for _, text := range []string{
		"", "P", "PT", "P1DT", "90D", "p90d", "P90", "P1Y", "P1M", "P1W", "PT1D", "PT1M1H", "PT1H1H", "P-1D", "P+1D", "--P1D",
		"P1.5D", "PT1.5H", "PT.5S", "PT1.S", "PT1.0123456789S", "PT1x", "PTS", "PT1S2", "P106752D", "PT9223372036.9S",
		"PT99999999999999999999S", "P 1D", "P1D ", "PT1.x0S", "P1_0D",
	} {
		if got, err := ParseDuration(text); !errors.Is(err, Value) {
			t.Errorf("%s: got %v, %v; want a bad value", text, got, err)
		}
	}
}
