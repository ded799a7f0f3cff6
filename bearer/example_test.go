package bearer_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/sekisho-id/sekisho/bearer"
)

// The examples talk to an authority inside this program, at the time when its tokens
// are valid. Against Sekisho or Entra, HTTPClient and Now are left out.
var (
	exampleKeys   = mustKey("rsa1")
	exampleClient = &http.Client{Transport: newAuthority(exampleKeys)}
	exampleNow    = func() time.Time { return epoch }
)

func mustKey(name string) testKey {
	keys, err := loadKey()
	if err != nil {
		log.Fatal(err)
	}
	return testKey{name, keys[name]}
}

// call asks for path with a token and shows the answer.
func call(h http.Handler, path, token string) {
	r := httptest.NewRequest("GET", path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body)
}

// An API that people use through an application, and daemons by themselves.
func Example() {
	verifier, err := bearer.New(bearer.Config{
		Authority:  "https://login.microsoftonline.com/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13",
		Audiences:  []string{"57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8", "api://orders"},
		HTTPClient: exampleClient, Now: exampleNow,
	})
	if err != nil {
		log.Fatal(err)
	}

	list := func(w http.ResponseWriter, r *http.Request) {
		claims, _ := bearer.FromContext(r.Context())
		if claims.AppOnly() {
			fmt.Fprint(w, "all orders of the tenant")
			return
		}
		fmt.Fprint(w, "orders of ", claims.Name)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /orders", verifier.HandlerFunc(list,
		bearer.ScopeOrRole([]string{"Orders.Read"}, []string{"Orders.Read.All"})))

	call(mux, "/orders", exampleKeys.token(delegatedV2()))
	call(mux, "/orders", exampleKeys.token(appOnlyV2()))
	call(mux, "/orders", "")
	// Output:
	// 200 orders of Hana Mori
	// 200 all orders of the tenant
	// 401 {"error_description":"An access token is required."}
}

// An API for several customers: their tenants are a list or, here, a rule.
func ExampleConfig_tenantAllowed() {
	customers := map[string]bool{"6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13": true}
	verifier, err := bearer.New(bearer.Config{
		Authority:     "https://login.microsoftonline.com/organizations",
		Audiences:     []string{"57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"},
		TenantAllowed: func(tenantID string) bool { return customers[tenantID] },
		HTTPClient:    exampleClient, Now: exampleNow,
	})
	if err != nil {
		log.Fatal(err)
	}
	customer := exampleKeys.token(delegatedV2())
	stranger := exampleKeys.token(delegatedV2().with(object{
		"tid": "0d4c1b7e-58f2-4f07-9a36-e1b2c3d4f506",
		"iss": "https://login.microsoftonline.com/0d4c1b7e-58f2-4f07-9a36-e1b2c3d4f506/v2.0",
	}))

	claims, err := verifier.Verify(context.Background(), customer)
	fmt.Println(claims.TenantID, err)
	_, err = verifier.Verify(context.Background(), stranger)
	fmt.Println(errors.Is(err, bearer.Tenant))
	// Output:
	// 6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13 <nil>
	// true
}

// A fault in the configuration is found at the start, all of them at once.
func ExampleNew_faults() {
	_, err := bearer.New(bearer.Config{
		Authority: "http://login.example.com/common",
		Audiences: []string{"orders"},
	})
	fmt.Println(err)
	// Output:
	// bearer: Config.Authority: "http://login.example.com/common" uses http: https is required
	// bearer: Config.Audiences: "orders" is neither a client id (a GUID) nor an App ID URI
}

// The client learns a fixed sentence, the log the cause.
func ExampleVerifier_Handler_log() {
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	verifier, err := bearer.New(bearer.Config{
		Authority:  "https://login.microsoftonline.com/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13",
		Audiences:  []string{"57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"},
		Logger:     slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})),
		HTTPClient: exampleClient, Now: exampleNow,
	})
	if err != nil {
		log.Fatal(err)
	}
	h := verifier.Handler(http.NotFoundHandler(), bearer.Scope("Orders.Read"))
	call(h, "/", exampleKeys.token(delegatedV2().with(object{"aud": "9c5b2e40-17d8-4a6f-b0e3-41f7a2c8d905"})))
	// Output:
	// level=INFO msg="bearer: request refused" reason=audience status=401 cause="aud is \"9c5b2e40-17d8-4a6f-b0e3-41f7a2c8d905\""
	// 401 {"error":"invalid_token","error_description":"The access token is for another audience."}
}

// A handler that learns from the request what is needed checks for itself.
func ExampleCheck() {
	verifier, err := bearer.New(bearer.Config{
		Authority:  "https://login.microsoftonline.com/6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13",
		Audiences:  []string{"57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"},
		HTTPClient: exampleClient, Now: exampleNow,
	})
	if err != nil {
		log.Fatal(err)
	}
	h := verifier.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := bearer.FromContext(r.Context())
		if r.FormValue("of") != claims.ObjectID { // somebody else's: approvers only
			if err := bearer.Check(claims, bearer.UserRole("Orders.Approver")); err != nil {
				verifier.Refuse(w, r, err)
				return
			}
		}
		fmt.Fprint(w, "orders")
	}, bearer.Scope("Orders.Read"))

	approver, other := delegatedV2(), delegatedV2().with(object{"roles": nil})
	call(h, "/?of=somebody", exampleKeys.token(approver))
	call(h, "/?of=somebody", exampleKeys.token(other))
	// Output:
	// 200 orders
	// 403 {"error":"insufficient_scope","error_description":"The access token does not grant the required permission."}
}

// A handler is tested without tokens by giving it claims.
func ExampleNewContext() {
	handler := func(w http.ResponseWriter, r *http.Request) {
		claims, _ := bearer.FromContext(r.Context())
		fmt.Fprint(w, "hello ", claims.Name)
	}
	claims := &bearer.Claims{Name: "Hana Mori", Scopes: []string{"Orders.Read"}}
	r := httptest.NewRequest("GET", "/", nil)
	w := httptest.NewRecorder()
	handler(w, r.WithContext(bearer.NewContext(r.Context(), claims)))
	fmt.Println(w.Body)
	// Output: hello Hana Mori
}
