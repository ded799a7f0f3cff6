package cli

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// signInPatience is how long the command waits for the person.
const signInPatience = 10 * time.Minute

// signIn lets a person sign in with a browser and adds the code that comes back,
// with what proves that this command asked for it (RFC 8252 §7.3, RFC 7636). The
// answer is received on a free port of this machine.
func signIn(ctx context.Context, s *shared, f *tokenFlags, b *bootstrapFile, form url.Values) error {
	redirect, err := url.Parse(f.redirect)
	if err != nil || redirect.Scheme != "http" || redirect.Hostname() != "localhost" && redirect.Hostname() != "127.0.0.1" || redirect.RawQuery != "" {
		return usagef("--redirect-uri must begin with http://localhost or http://127.0.0.1 and have no query")
	}
	ctx, cancel := context.WithTimeout(ctx, signInPatience)
	defer cancel()
	port := redirect.Port()
	if port == "" {
		port = "0"
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", net.JoinHostPort(redirect.Hostname(), port))
	if err != nil {
		return fmt.Errorf("waiting for the answer of the sign-in: %w", err)
	}
	_, port, err = net.SplitHostPort(l.Addr().String())
	if err != nil {
		return errors.Join(err, l.Close())
	}
	redirect.Host = net.JoinHostPort(redirect.Hostname(), port)
	verifier, err := s.random()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	state, err := s.random()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	challenge := sha256.Sum256([]byte(verifier))
	address := strings.TrimSuffix(tokenEndpoint(b, f.tenant), "/token") + "/authorize?" + url.Values{
		"client_id": {form.Get("client_id")}, "response_type": {"code"}, "response_mode": {"query"},
		"redirect_uri": {redirect.String()}, "scope": {f.scope}, "state": {state},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()
	fmt.Fprintf(s.Err, "%s\n\n  %s\n\n", s.say(words{"Open this address in a browser and sign in:", "次のアドレスをブラウザーで開いてサインインしてください:"}), address)
	code, err := awaitCode(ctx, l, redirect.Path, state)
	if err != nil {
		return err
	}
	form.Set("code", code)
	form.Set("redirect_uri", redirect.String())
	form.Set("code_verifier", verifier)
	return nil
}

// random is a value that nobody can guess.
func (s *shared) random() (string, error) {
	var raw [32]byte
	if _, err := io.ReadFull(s.Rand, raw[:]); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(raw[:]), nil
}

// awaitCode serves the redirect URI until the answer to the request with the state
// arrives. Requests that are no such answer, as of other pages of the browser, are
// refused and change nothing.
func awaitCode(ctx context.Context, l net.Listener, path, state string) (string, error) {
	if path == "" {
		path = "/"
	}
	type answer struct {
		code string
		err  error
	}
	answers := make(chan answer, 1)
	handler := func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "text/plain; charset=utf-8")
		h.Set("X-Content-Type-Options", "nosniff")
		q := r.URL.Query()
		if r.Method != http.MethodGet || r.URL.Path != path || q.Get("state") != state {
			http.Error(w, "This is not the answer that is waited for.", http.StatusNotFound)
			return
		}
		a := answer{code: q.Get("code")}
		if a.code == "" {
			a.err = &tokenRefusal{Name: q.Get("error"), Description: q.Get("error_description")}
		}
		_, _ = io.WriteString(w, "You can close this window and go back to the terminal.\nこのウィンドウを閉じて、ターミナルに戻ってください。\n")
		select {
		case answers <- a:
		default: // the first answer counts
		}
	}
	srv := &http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(l) }()
	defer func() {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = srv.Shutdown(stop) // the page is sent before
	}()
	select {
	case a := <-answers:
		return a.code, a.err
	case err := <-failed:
		return "", fmt.Errorf("waiting for the answer of the sign-in: %w", err)
	case <-ctx.Done():
		return "", errors.New("nobody signed in")
	}
}
