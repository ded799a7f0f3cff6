package main

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/confidential"

	"github.com/sekisho-id/sekisho/samples/internal/call"
	"github.com/sekisho-id/sekisho/samples/internal/provider"
)

// app is the web application.
type app struct {
	config
	provider provider.Provider
	asking   confidential.Client // makes addresses only; tokens are in the sessions' own
	log      *slog.Logger
	now      func() time.Time
	cookies  cookies
	sessions sessions
}

const sessionCookie = "session"

//go:embed templates style.css
var files embed.FS

// pages are the pages by name; each fills "content" of the layout.
var pages = func() map[string]*template.Template {
	list := map[string]*template.Template{}
	for _, name := range []string{"home", "orders", "me", "people", "declined", "administrator", "refused", "granted", "unknown", "failed"} {
		list[name] = template.Must(template.ParseFS(files, "templates/layout.html", "templates/"+name+".html"))
	}
	return list
}()

func (a *app) handler() (http.Handler, error) {
	a.cookies.secure = strings.HasPrefix(a.baseURL, "https://")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.home)
	mux.HandleFunc("GET /signin", a.startSignIn)
	mux.HandleFunc("GET "+callbackPath, a.callback)
	mux.HandleFunc("GET "+frontPath, a.frontChannel)
	mux.HandleFunc("POST /signout", a.signOut)
	mux.HandleFunc("GET /orders", a.listOrders)
	mux.HandleFunc("POST /orders", a.createOrder)
	mux.HandleFunc("GET /me", a.me)
	mux.HandleFunc("GET /people", a.people)
	mux.Handle("GET /style.css", http.FileServerFS(files))
	// Forms of other sites are refused: nobody orders, or signs out, by accident.
	return http.NewCrossOriginProtection().Handler(mux), nil
}

// scope is a scope of the orders API.
func (a *app) scope(name string) string { return a.api + "/" + name }

// graphScope is a scope of Microsoft Graph, by its name everywhere.
func graphScope(name string) string { return "https://graph.microsoft.com/" + name }

func (a *app) session(r *http.Request) *session {
	return a.sessions.find(a.cookies.get(r, sessionCookie), a.now())
}

func (a *app) home(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "home", nil)
}

type order struct {
	ID       string `json:"id,omitempty"`
	Item     string `json:"item"`
	Quantity int    `json:"quantity"`
}

func (a *app) listOrders(w http.ResponseWriter, r *http.Request) {
	a.with(w, r, a.scope("Orders.Read"), r.URL.RequestURI(), func(_ *session, token string) error {
		var list []order
		if err := call.JSON(r.Context(), a.client, http.MethodGet, a.apiURL+"/orders", token, nil, &list); err != nil {
			return err
		}
		// What was typed before the platform had to ask is still there.
		q := r.URL.Query()
		a.show(w, r, http.StatusOK, "orders", map[string]any{"Orders": list, "Item": q.Get("item"), "Quantity": q.Get("quantity")})
		return nil
	})
}

// createOrder needs more than was consented to at the sign-in: the first time, the
// person is asked for it here, where it is plain what for.
func (a *app) createOrder(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	item, text := r.PostFormValue("item"), r.PostFormValue("quantity")
	back := "/orders?" + url.Values{"item": {item}, "quantity": {text}}.Encode()
	a.with(w, r, a.scope("Orders.ReadWrite"), back, func(_ *session, token string) error {
		quantity, err := strconv.Atoi(text)
		if err != nil {
			http.Redirect(w, r, back, http.StatusSeeOther)
			return nil
		}
		body, err := json.Marshal(order{Item: item, Quantity: quantity})
		if err != nil {
			return err
		}
		var made order
		if err := call.JSON(r.Context(), a.client, http.MethodPost, a.apiURL+"/orders", token, bytes.NewReader(body), &made); err != nil {
			return err
		}
		http.Redirect(w, r, "/orders", http.StatusSeeOther)
		return nil
	})
}

// profile is a person as Graph tells.
type profile struct {
	DisplayName       string `json:"displayName"`
	UserPrincipalName string `json:"userPrincipalName"`
	ID                string `json:"id"`
}

// me asks the second resource, with a token of its own.
func (a *app) me(w http.ResponseWriter, r *http.Request) {
	a.with(w, r, graphScope("User.Read"), "/me", func(_ *session, token string) error {
		var me profile
		if err := call.JSON(r.Context(), a.client, http.MethodGet, a.graphURL+"/v1.0/me", token, nil, &me); err != nil {
			return err
		}
		a.show(w, r, http.StatusOK, "me", map[string]any{"Me": me})
		return nil
	})
}

// people needs a permission that only administrators grant.
func (a *app) people(w http.ResponseWriter, r *http.Request) {
	a.with(w, r, graphScope("User.Read.All"), "/people", func(_ *session, token string) error {
		var list struct {
			Value []profile `json:"value"`
		}
		if err := call.JSON(r.Context(), a.client, http.MethodGet, a.graphURL+"/v1.0/users?$select=id,displayName,userPrincipalName&$top=20", token, nil, &list); err != nil {
			return err
		}
		a.show(w, r, http.StatusOK, "people", map[string]any{"People": list.Value})
		return nil
	})
}

// fail shows that something went wrong. The cause is for the log: it may name
// addresses and quote what others wrote.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	sentence := "The platform or an API could not be asked. The cause is in the log of this application."
	if refusal, ok := errors.AsType[*call.Error](err); ok {
		switch refusal.Status {
		case http.StatusUnauthorized:
			sentence = "The API does not take the token any more. Sign in again."
		case http.StatusForbidden:
			status, sentence = http.StatusForbidden, "The API does not let you do that."
		case http.StatusBadRequest:
			status, sentence = http.StatusBadRequest, "The API did not take the order."
		}
	}
	if errors.Is(err, errFull) {
		status, sentence = http.StatusServiceUnavailable, "Too many people are signed in. Try again later."
	}
	a.log.Error("a request failed", "path", r.URL.Path, "err", err)
	a.show(w, r, status, "failed", map[string]any{"Sentence": sentence})
}

// show writes a page.
func (a *app) show(w http.ResponseWriter, r *http.Request, status int, name string, data map[string]any) {
	if data == nil {
		data = map[string]any{}
	}
	data["Page"] = name
	if s := a.session(r); s != nil {
		data["Person"] = s.person
	}
	var page bytes.Buffer
	if err := pages[name].ExecuteTemplate(&page, "layout", data); err != nil {
		a.log.Error("drawing a page", "page", name, "err", err)
		http.Error(w, "This page could not be drawn.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	// A form of ours may be answered with a redirect to the platform, and that
	// counts as one of the form's addresses.
	h.Set("Content-Security-Policy", fmt.Sprintf(
		"default-src 'none'; style-src 'self'; form-action 'self' %s; base-uri 'none'; frame-ancestors 'none'", provider.Origin(a.authority)))
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // an error means that the browser has gone
}
