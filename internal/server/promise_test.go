package server_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
	"github.com/sekisho-id/sekisho/sekishotest"
)

const graphScope = "https://graph.microsoft.com/.default"

// adminToken asks for a token as the first tenant's administrator application.
func adminToken(t testing.TB, srv *sekishotest.Server) (int, map[string]any) {
	t.Helper()
	b := srv.Bootstrap
	return srv.Token(t, b.TenantID, b.ClientID, b.ClientSecret, graphScope)
}

// holdAppends blocks every commit of sign-in records until release is called.
// entered receives once per blocked commit.
func holdAppends(srv *sekishotest.Server) (entered <-chan struct{}, release func()) {
	in, free := make(chan struct{}, 64), make(chan struct{})
	srv.Dev.Interfere(func(_ context.Context, op sqlstore.Op) error {
		if op == sqlstore.OpAppend {
			in <- struct{}{}
			<-free
		}
		return nil
	})
	var once sync.Once
	return in, func() { once.Do(func() { close(free); srv.Dev.Interfere(nil) }) }
}

// No token leaves before its sign-in record is durable: while the store is held
// at commit, no reply comes.
func TestNoReplyBeforeTheRecordIsDurable(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	entered, release := holdAppends(srv)
	defer release()

	replies := make(chan int, 4)
	for range 4 {
		go func() {
			status, _ := adminToken(t, srv)
			replies <- status
		}()
	}
	<-entered // a commit is under way, and held
	// Meanwhile the server answers everybody else.
	resp, err := srv.Client().Get(srv.URL + "/healthz")
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", resp, err)
	}
	_ = resp.Body.Close()
	select {
	case status := <-replies:
		t.Fatalf("a reply with status %d left while its record was held", status)
	default:
	}
	release()
	for range 4 {
		if status := <-replies; status != http.StatusOK {
			t.Errorf("status %d after the commit", status)
		}
	}
}

// Where more records wait than may, the next request is refused at once.
func TestRecorderFull(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true, RecordsWaiting: 1})
	entered, release := holdAppends(srv)
	defer release()
	var held sync.WaitGroup
	ask := func() { held.Go(func() { adminToken(t, srv) }) }
	ask()
	<-entered // the writer has the first record, and is held
	ask()     // the second one waits
	for srv.Dev.RecordsWaiting() < 1 {
		runtime.Gosched()
	}
	status, body := adminToken(t, srv)
	if codes, _ := body["error_codes"].([]any); status != http.StatusServiceUnavailable || len(codes) != 1 || codes[0] != 90024.0 {
		t.Errorf("the third: %d %v", status, body)
	}
	release()
	held.Wait()
}

func TestTooManyRequests(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true, RequestsPerMinute: 3})
	for i := range 4 {
		status, body := adminToken(t, srv)
		switch {
		case i < 3 && status != http.StatusOK:
			t.Fatalf("request %d: %d %v", i, status, body)
		case i == 3:
			codes, _ := body["error_codes"].([]any)
			if status != http.StatusTooManyRequests || len(codes) != 1 || codes[0] != 90055.0 {
				t.Fatalf("%d %v", status, body)
			}
		}
	}
	srv.Advance(time.Minute)
	if status, body := adminToken(t, srv); status != http.StatusOK {
		t.Errorf("a minute later: %d %v", status, body)
	}
}

// What one address posts to the pages is bounded; pages are read freely, and
// sign-out has a bound of its own.
func TestTooManySignIns(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true, SignInsPerMinute: 3})
	login, logout := srv.URL+"/"+srv.Bootstrap.TenantID+"/login", srv.URL+"/"+srv.Bootstrap.TenantID+"/oauth2/v2.0/logout"
	post := func(address string) (int, http.Header) {
		t.Helper()
		resp, err := srv.Client().PostForm(address, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode, resp.Header
	}
	for i := range 5 {
		status, header := post(login)
		switch {
		case i < 3 && status != http.StatusBadRequest:
			t.Fatalf("post %d: %d", i, status)
		case i >= 3 && (status != http.StatusTooManyRequests || header.Get("Retry-After") == "" || !strings.HasPrefix(header.Get("Content-Type"), "text/html")):
			t.Fatalf("post %d: %d %v", i, status, header)
		}
	}
	resp, err := srv.Client().Get(logout)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Errorf("reading a page: %d", resp.StatusCode)
	}
	srv.Advance(time.Minute)
	if status, _ := post(login); status != http.StatusBadRequest {
		t.Errorf("a minute later: %d", status)
	}
}

// The commits that the promise rests on survive the loss of power.
func TestWritingConnectionsAreDurable(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	got, err := srv.Dev.Durability(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for connection, value := range got {
		if value != "2" { // FULL
			t.Errorf("%s: synchronous = %s", connection, value)
		}
	}
	if len(got) == 0 {
		t.Error("no writing connection was asked")
	}
}

// The record of a token is found by the token's uti.
func TestRecordSaysWhoAndWhat(t *testing.T) {
	srv := sekishotest.New(t, sekishotest.Options{Empty: true})
	status, body := adminToken(t, srv)
	if status != http.StatusOK {
		t.Fatal(body)
	}
	claims := payload(t, body["access_token"].(string))
	raw, err := base64.RawURLEncoding.DecodeString(claims["uti"].(string))
	if err != nil {
		t.Fatal(err)
	}
	record, err := srv.Dev.SignIn(t.Context(), srv.Bootstrap.TenantID, [16]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	for what, pair := range map[string][2]string{
		"client":  {record.ClientID, srv.Bootstrap.ClientID},
		"subject": {record.PrincipalID, claims["oid"].(string)},
		"address": {record.IPAddress, "127.0.0.1"},
	} {
		if !strings.EqualFold(pair[0], pair[1]) {
			t.Errorf("%s: %s, want %s", what, pair[0], pair[1])
		}
	}
}
