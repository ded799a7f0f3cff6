package orders

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/bearer"
)

// Permissions of the API: scopes in tokens of an application that acts for a
// person, roles in those of an application that acts by itself. Whoever may write
// may read.
var (
	mayRead = bearer.ScopeOrRole(
		[]string{"Orders.Read", "Orders.ReadWrite"},
		[]string{"Orders.Read.All", "Orders.ReadWrite.All"})
	mayWrite = bearer.ScopeOrRole(
		[]string{"Orders.ReadWrite"},
		[]string{"Orders.ReadWrite.All"})
)

// Handler serves GET /orders, POST /orders and, without a token, GET /healthz.
func Handler(verifier *bearer.Verifier, store *Store) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /orders", verifier.HandlerFunc(store.list, mayRead))
	mux.Handle("POST /orders", verifier.HandlerFunc(store.create, mayWrite))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = w.Write([]byte("ok\n")) // an error means that the client has gone
	})
	return mux
}

// caller is whoever the token stands for. A person or a service principal is
// known by tenant and object id together; names and addresses change hands.
func caller(c *bearer.Claims) Owner { return Owner{TenantID: c.TenantID, ObjectID: c.ObjectID} }

func (s *Store) list(w http.ResponseWriter, r *http.Request) {
	claims, _ := bearer.FromContext(r.Context())
	if claims.AppOnly() {
		answer(w, http.StatusOK, s.OfTenant(claims.TenantID))
		return
	}
	answer(w, http.StatusOK, s.OfOwner(caller(claims)))
}

// maxBody bounds the body of a new order.
const maxBody = 4 << 10

func (s *Store) create(w http.ResponseWriter, r *http.Request) {
	claims, _ := bearer.FromContext(r.Context())
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		refuse(w, http.StatusUnsupportedMediaType, "Send the order as application/json.")
		return
	}
	var draft struct {
		Item     string `json:"item"`
		Quantity int    `json:"quantity"`
	}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	body.DisallowUnknownFields()
	if err := body.Decode(&draft); err != nil {
		refuse(w, http.StatusBadRequest, `Send an order like {"item":"sencha","quantity":2}.`)
		return
	}
	if strings.TrimSpace(draft.Item) == "" || utf8.RuneCountInString(draft.Item) > 100 || draft.Quantity < 1 || draft.Quantity > 1000 {
		refuse(w, http.StatusBadRequest, "An order has an item of 1 to 100 characters and a quantity of 1 to 1000.")
		return
	}
	// Who orders is what the token says, never what the body says.
	order, err := s.Add(Order{Item: draft.Item, Quantity: draft.Quantity, Owner: caller(claims)})
	if errors.Is(err, ErrFull) {
		refuse(w, http.StatusInsufficientStorage, "No more orders can be kept.")
		return
	}
	answer(w, http.StatusCreated, order)
}

func refuse(w http.ResponseWriter, status int, sentence string) {
	answer(w, status, map[string]string{"error": sentence})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // an error means that the client has gone
}
