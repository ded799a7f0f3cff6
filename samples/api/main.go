// Command api serves the orders API: a Web API in Go that accepts access tokens of
// Sekisho, or of Microsoft Entra ID, through package bearer.
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"github.com/sekisho-id/sekisho/bearer"

	"github.com/sekisho-id/sekisho/samples/api/orders"
	"github.com/sekisho-id/sekisho/samples/internal/serve"
	"github.com/sekisho-id/sekisho/samples/internal/setting"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.LookupEnv, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil)))
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "api: %v\n", err)
		os.Exit(1)
	}
}

// run serves the API until ctx is done. It writes its address to out when it
// listens.
func run(ctx context.Context, lookup func(string) (string, bool), out io.Writer, log *slog.Logger) error {
	r := setting.New(lookup)
	s := serve.FromSettings(r, "localhost:8081", log)
	cfg := bearer.Config{
		Authority:  r.Required("AUTHORITY", "https://HOST/TENANT of the tenant whose tokens are accepted, or https://HOST/organizations with TENANTS"),
		Audiences:  r.List("AUDIENCES"),
		Tenants:    r.List("TENANTS"),
		HTTPClient: r.HTTPClient(), // it fetches the keys of the authority: CA_FILE
		Logger:     log,
	}
	if len(cfg.Audiences) == 0 {
		r.Fault("AUDIENCES", "is not set: the client id of this API and its App ID URIs, with commas between them")
	}
	origins := r.List("ALLOWED_ORIGINS")
	for _, o := range origins {
		if u, err := url.Parse(o); err != nil || u.Host == "" || u.Scheme+"://"+u.Host != o {
			r.Fault("ALLOWED_ORIGINS", "has %q: give origins like https://orders.example, without a path", o)
		}
	}
	store := &orders.Store{}
	if file := r.Optional("ORDERS_FILE", ""); file != "" {
		if err := load(store, file); err != nil {
			r.Fault("ORDERS_FILE", "is of no use: %v", err)
		}
	}
	if err := r.Err(); err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	verifier, err := bearer.New(cfg)
	if err != nil {
		return fmt.Errorf("settings:\n%w", err)
	}
	return s.Run(ctx, "orders API", out, func(string) (http.Handler, error) {
		return orders.CORS(origins, orders.Handler(verifier, store)), nil
	})
}

func load(store *orders.Store, file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return store.Load(bytes.NewReader(text))
}
