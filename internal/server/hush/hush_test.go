package hush

import (
	"log"
	"strings"
	"testing"
)

func TestOnlyTheLibraryIsDropped(t *testing.T) {
	defer log.SetOutput(log.Writer())
	var out strings.Builder
	log.SetOutput(filter{&out})
	log.Print("INFO: metrics: disable exposing PSI metrics")
	log.Print("something else")
	End()
	log.Print("INFO: metrics: later")
	if got := out.String(); strings.Contains(got, "PSI") || !strings.Contains(got, "something else") || !strings.Contains(got, "later") {
		t.Errorf("the log is %q", got)
	}
}
