// Command spa serves a single-page application: files, and nothing else. The
// application itself is JavaScript (app/app.js) and runs in the browser, with
// @azure/msal-browser. It is a public client: no secret is anywhere, PKCE protects
// the code (RFC 7636).
package main

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/sekisho-id/sekisho/samples/internal/provider"
	"github.com/sekisho-id/sekisho/samples/internal/serve"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.LookupEnv, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "spa: %v\n", err)
		os.Exit(1)
	}
}

//go:embed app
var embedded embed.FS

// config is what the application is told, at /config.json. Everybody can read it,
// and nothing in it is a secret.
type config struct {
	Authority        string   `json:"authority"`
	KnownAuthorities []string `json:"knownAuthorities"`
	ClientID         string   `json:"clientId"`
	API              string   `json:"api"`
	APIURL           string   `json:"apiUrl"`
	GraphURL         string   `json:"graphUrl"`
}

// run serves the application until ctx is done. It writes its address to out when
// it listens.
func run(ctx context.Context, lookup func(string) (string, bool), out io.Writer, log *slog.Logger) error {
	r := setting.New(lookup)
	s := serve.FromSettings(r, "localhost:5173", log)
	c := config{
		Authority:        r.URL("AUTHORITY", "https://HOST/TENANT, for instance https://login.microsoftonline.com/ and the tenant's id"),
		ClientID:         r.Required("CLIENT_ID", "the application (client) id of this application"),
		API:              strings.TrimSuffix(r.Required("API", "the App ID URI of the orders API, for instance api://orders"), "/"),
		APIURL:           r.URL("API_URL", "the address of the orders API"),
		GraphURL:         strings.TrimSuffix(r.Optional("GRAPH_URL", "https://graph.microsoft.com"), "/"),
		KnownAuthorities: []string{},
	}
	// MSAL asks login.microsoftonline.com about every authority that it does not
	// know; at any other platform it is told that it knows this one.
	if u, err := url.Parse(c.Authority); err == nil && !r.Bool("INSTANCE_DISCOVERY", true) {
		c.KnownAuthorities = append(c.KnownAuthorities, u.Host)
	}
	modules := r.Optional("NODE_MODULES", "spa/node_modules")
	library := filepath.Join(modules, "@azure", "msal-browser", "lib")
	for _, file := range libraries {
		if _, err := os.Stat(filepath.Join(library, filepath.FromSlash(file))); err != nil {
			r.Fault("NODE_MODULES", "is %q, where MSAL is not: run npm ci in samples/spa, or say where that was done", modules)
			break
		}
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	return s.Run(ctx, "orders single page", out, func(string) (http.Handler, error) { return handler(c, library) })
}

// libraries are MSAL's files, as its package has them, by what they are called
// here.
var libraries = map[string]string{
	"/msal.js":        "msal-browser.min.js",
	"/msal-bridge.js": "redirect-bridge/msal-redirect-bridge.min.js",
}

func handler(c config, library string) (http.Handler, error) {
	files, err := fs.Sub(embedded, "app")
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	for path, file := range libraries {
		name := filepath.Join(library, filepath.FromSlash(file))
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, name) })
	}
	mux.HandleFunc("GET /config.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(text) // an error means that the browser has gone
	})
	return guard(c, mux), nil
}

// guard says what the pages may do: run the scripts of this server and no others,
// and send what they have to the platform and the two APIs alone. A script of
// somebody else could take the tokens.
func guard(c config, h http.Handler) http.Handler {
	platform := provider.Origin(c.Authority)
	policy := strings.Join([]string{
		"default-src 'none'", "script-src 'self'", "style-src 'self'",
		"connect-src 'self' " + platform + " " + provider.Origin(c.APIURL) + " " + provider.Origin(c.GraphURL),
		"frame-src 'self' " + platform, // the hidden frame goes there, and comes back
		"form-action 'none'", "base-uri 'none'", "frame-ancestors 'self'",
	}, "; ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("Cache-Control", "no-cache")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("X-Content-Type-Options", "nosniff")
		h.ServeHTTP(w, r)
	})
}
