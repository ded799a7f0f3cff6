package odata_test

import (
	"errors"
	"fmt"

	"github.com/sekisho-id/sekisho/internal/protocol/odata"
)

// A compiler to SQL recurses over the tree; a check of the property names is
// one Walk.
func ExampleParseFilter() {
	e, err := odata.ParseFilter("startswith(displayName,'or') AND tags/any(t:t eq 'x')")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e)
	odata.Walk(e, func(e odata.Expr) bool {
		if p, ok := e.(odata.Path); ok && p.Var == "" {
			fmt.Println("uses", p)
		}
		return true
	})
	// Output:
	// startsWith(displayName,'or') and tags/any(t:t eq 'x')
	// uses displayName
	// uses tags
}

func ExampleError_Explanation() {
	_, err := odata.ParseFilter("displayName = 'orders'")
	var e *odata.Error
	if errors.As(err, &e) {
		fmt.Println("Invalid filter clause: " + e.Explanation())
	}
	// Output:
	// Invalid filter clause: "=" is not an operator, write eq, ne, gt, ge, lt, le, and, or at position 12
}
