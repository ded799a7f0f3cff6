package sqlstore

import (
	"time"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// fold is the form in which text is compared without regard to letter case:
// Unicode case folding, composed (NFC), so that a name typed on one system is
// found from another.
func fold(s string) string {
	plain := true
	for i := range len(s) {
		if c := s[i]; c >= utf8.RuneSelf || 'A' <= c && c <= 'Z' {
			plain = false
			break
		}
	}
	if plain {
		return s
	}
	return norm.NFC.String(cases.Fold().String(norm.NFC.String(s)))
}

// foldPtr folds an optional text; nil stays NULL.
func foldPtr(s *string) *string {
	if s == nil {
		return nil
	}
	f := fold(*s)
	return &f
}

// micros is a time as it is stored: 0 for the zero time.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// fromMicros is the inverse of micros.
func fromMicros(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func guidText(b [16]byte) string { return string(directory.IDFromBytes(b)) }

func idBytes(s string) [16]byte { return directory.ID(s).Bytes() }
