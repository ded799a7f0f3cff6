//go:build look

package page_test

import (
	"flag"
	"net/http"
	"testing"
)

var lookAt = flag.String("look", "localhost:8099", "serve every page at this address, to look at them in a browser")

// TestLook serves the pages until it is interrupted:
//
//	go test -tags look ./internal/endpoint/web/page -run TestLook -timeout 0
func TestLook(t *testing.T) {
	t.Fatal(http.ListenAndServe(*lookAt, routes(newPages(t))))
}
