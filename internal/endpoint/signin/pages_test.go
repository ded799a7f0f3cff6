package signin

import (
	"testing"

	"github.com/sekisho-id/sekisho/internal/domain/signin"
)

// Failed is the last step.
func TestEveryStepHasItsPage(t *testing.T) {
	names := map[string]bool{}
	for k := signin.Done; k <= signin.Failed; k++ {
		p, ok := pages[k]
		if ok != k.Interactive() {
			t.Errorf("step %d: a page %t, wants one %t", k, ok, k.Interactive())
		}
		if ok && (p.step == "" || names[p.step] || p.draw == nil || p.accept == nil) {
			t.Errorf("step %d: %+v", k, p)
		}
		names[p.step] = true
	}
}
