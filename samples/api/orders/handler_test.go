package orders_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/bearer"

	"github.com/sekisho-id/sekisho/samples/api/orders"
	"github.com/sekisho-id/sekisho/samples/internal/issuer"
)

const (
	tenant = "6a3f1c52-9d0e-4b7a-8c41-2f5d7e90ab13"
	other  = "0d4c1b7e-58f2-4f07-9a36-e1b2c3d4f506"
	apiID  = "57b8d0e6-2f41-4e9a-8b73-c06a1d95f2e8"
	hana   = "a8c3f5d0-71b2-4e69-95da-0c4e7b1f6d82"
	ken    = "b1d4e6f0-82c3-4f70-a6eb-1d5f8c207e93"
	daemon = "c2e5f701-93d4-4081-b7fc-2e609d318fa4"
)

type claims = map[string]any

// api is the orders API with an order each of Hana, of Ken, and of somebody with
// Hana's object id in another tenant. Its authority is not Sekisho: tokens of
// Entra's shape are enough.
type api struct {
	http.Handler
	t         *testing.T
	authority *issuer.Issuer
}

func newAPI(t *testing.T) *api {
	t.Helper()
	authority := issuer.New(t)
	verifier, err := bearer.New(bearer.Config{
		Authority: authority.URL + "/" + tenant, Audiences: []string{apiID}, HTTPClient: authority.Client(),
	})
	if err != nil {
		t.Fatal(err)
	}
	store := &orders.Store{}
	if err := store.Load(strings.NewReader(`[
		{"item":"sencha","quantity":2,"owner":{"tenantId":"` + tenant + `","objectId":"` + hana + `"}},
		{"item":"tea bowl","quantity":1,"owner":{"tenantId":"` + tenant + `","objectId":"` + ken + `"}},
		{"item":"matcha","quantity":9,"owner":{"tenantId":"` + other + `","objectId":"` + hana + `"}}]`)); err != nil {
		t.Fatal(err)
	}
	return &api{Handler: orders.Handler(verifier, store), t: t, authority: authority}
}

// token is an access token of version 2.0.
func (a *api) token(oid string, more claims) string {
	c := claims{
		"iss": a.authority.URL + "/" + tenant + "/v2.0", "ver": "2.0", "aud": apiID, "tid": tenant,
		"oid": oid, "sub": oid, "azp": daemon, "azpacr": "1", "uti": "u",
	}
	for k, v := range more {
		c[k] = v
	}
	return a.authority.Sign(a.t, c)
}

func (a *api) call(method, path, token, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

// items are the items of the orders in an answer.
func (a *api) items(w *httptest.ResponseRecorder) []string {
	a.t.Helper()
	var list []orders.Order
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		a.t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	var items []string
	for _, o := range list {
		items = append(items, o.Item)
	}
	return items
}

func TestWhoSeesWhat(t *testing.T) {
	for _, tt := range []struct {
		name   string
		oid    string
		claims claims
		want   []string
	}{
		{"daemon with the role to read sees its tenant", daemon, claims{"roles": []string{"Orders.Read.All"}}, []string{"sencha", "tea bowl"}},
		{"daemon with the role to write sees its tenant", daemon, claims{"roles": []string{"Orders.ReadWrite.All"}}, []string{"sencha", "tea bowl"}},
		{"person sees her own", hana, claims{"scp": "Orders.Read"}, []string{"sencha"}},
		{"person who may write sees his own", ken, claims{"scp": "openid Orders.ReadWrite"}, []string{"tea bowl"}},
		{"person's role does not widen the application's scope", hana, claims{"scp": "Orders.Read", "roles": []string{"Orders.Read.All"}}, []string{"sencha"}},
		{"person without orders sees none", daemon, claims{"scp": "Orders.Read"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAPI(t)
			got := a.items(a.call("GET", "/orders", a.token(tt.oid, tt.claims), "", ""))
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("orders (- want, + got):\n%s", diff)
			}
		})
	}
}

func TestRefused(t *testing.T) {
	a := newAPI(t)
	for _, tt := range []struct {
		name, method, token string
		want                int
	}{
		{"no token", "GET", "", 401},
		{"no permission", "GET", a.token(daemon, nil), 403},
		{"another permission", "GET", a.token(daemon, claims{"roles": []string{"Invoices.Read.All"}}), 403},
		{"role without the application's scope", "GET", a.token(hana, claims{"scp": "openid", "roles": []string{"Orders.Read.All"}}), 403},
		{"another API's token", "GET", a.token(daemon, claims{"aud": daemon, "roles": []string{"Orders.Read.All"}}), 401},
		{"another tenant's token", "GET", a.token(daemon, claims{"iss": a.authority.URL + "/" + other + "/v2.0", "tid": other, "roles": []string{"Orders.Read.All"}}), 401},
		{"expired", "GET", a.token(daemon, claims{"exp": 1772424069, "roles": []string{"Orders.Read.All"}}), 401},
		{"write with the role to read", "POST", a.token(daemon, claims{"roles": []string{"Orders.Read.All"}}), 403},
		{"write with the scope to read", "POST", a.token(hana, claims{"scp": "Orders.Read"}), 403},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := a.call(tt.method, "/orders", tt.token, "application/json", `{"item":"genmaicha","quantity":3}`)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d: %s", w.Code, tt.want, w.Body)
			}
			if w.Header().Get("WWW-Authenticate") == "" {
				t.Error("no challenge")
			}
		})
	}
}

func TestOrderBelongsToTheCaller(t *testing.T) {
	for _, tt := range []struct {
		name, oid string
		claims    claims
	}{
		{"person", hana, claims{"scp": "Orders.ReadWrite"}},
		{"daemon", daemon, claims{"roles": []string{"Orders.ReadWrite.All"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := newAPI(t)
			w := a.call("POST", "/orders", a.token(tt.oid, tt.claims), "application/json; charset=utf-8", `{"item":"genmaicha","quantity":3}`)
			var got orders.Order
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusCreated {
				t.Fatalf("%d %s %v", w.Code, w.Body, err)
			}
			want := orders.Order{ID: "4", Item: "genmaicha", Quantity: 3, Owner: orders.Owner{TenantID: tenant, ObjectID: tt.oid}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("order (- want, + got):\n%s", diff)
			}
		})
	}
}

func TestBadOrders(t *testing.T) {
	a := newAPI(t)
	token := a.token(hana, claims{"scp": "Orders.ReadWrite"})
	for _, tt := range []struct {
		name, kind, body string
		want             int
	}{
		{"form", "application/x-www-form-urlencoded", "item=sencha", 415},
		{"no content type", "", `{"item":"sencha","quantity":1}`, 415},
		{"no JSON", "application/json", "sencha", 400},
		{"owner in the body", "application/json", `{"item":"sencha","quantity":1,"owner":{"objectId":"` + ken + `"}}`, 400},
		{"no item", "application/json", `{"item":" ","quantity":1}`, 400},
		{"long item", "application/json", `{"item":"` + strings.Repeat("茶", 101) + `","quantity":1}`, 400},
		{"nothing ordered", "application/json", `{"item":"sencha","quantity":0}`, 400},
		{"too much", "application/json", `{"item":"sencha","quantity":1001}`, 400},
		{"long body", "application/json", `{"item":"` + strings.Repeat(" ", 5<<10) + `"}`, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if w := a.call("POST", "/orders", token, tt.kind, tt.body); w.Code != tt.want {
				t.Errorf("status %d, want %d: %s", w.Code, tt.want, w.Body)
			}
		})
	}
	if got := a.items(a.call("GET", "/orders", token, "", "")); len(got) != 1 {
		t.Errorf("a refused order was kept: %v", got)
	}
}

func TestHealthNeedsNoToken(t *testing.T) {
	a := newAPI(t)
	if w := a.call("GET", "/healthz", "", "", ""); w.Code != http.StatusOK {
		t.Errorf("status %d", w.Code)
	}
}

func TestStoreIsBounded(t *testing.T) {
	var store orders.Store
	var err error
	added := 0
	for ; err == nil; added++ {
		_, err = store.Add(orders.Order{Item: "sencha", Quantity: 1})
	}
	if !errors.Is(err, orders.ErrFull) || added != 10_001 {
		t.Errorf("after %d orders: %v", added, err)
	}
}
