// Command demo shows the whole at once: it starts the platform, the orders API and
// the daemon, each as a process of its own, and tells what each of them does. It is
// what `make demo` runs.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	d := demo{out: os.Stdout}
	flag.StringVar(&d.sekisho, "sekisho", "bin/sekisho", "the program sekisho")
	flag.StringVar(&d.api, "api", "", "the program of samples/api")
	flag.StringVar(&d.daemon, "daemon", "", "the program of samples/daemon")
	flag.Parse()
	err := d.run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "demo: %v\n", err)
		os.Exit(1)
	}
}

// demo is one showing. The fields before work are the programs that it runs.
type demo struct {
	sekisho, api, daemon string
	out                  io.Writer

	work    string // a folder that is gone at the end
	started []*process
	boot    bootstrap
	apiURL  string
}

// bootstrap is what is read of the platform's bootstrap.json.
type bootstrap struct {
	BaseURL string `json:"baseUrl"`
	CAFile  string `json:"caFile"`
	Demo    map[string]struct {
		TenantID string `json:"tenantId"`
		Apps     map[string]struct {
			ClientID      string `json:"clientId"`
			ClientSecret  string `json:"clientSecret"`
			IdentifierURI string `json:"identifierUri"`
		} `json:"apps"`
	} `json:"demo"`
}

const tenantDomain = "hakone.example"

func (d *demo) run(ctx context.Context) (err error) {
	if d.work, err = os.MkdirTemp("", "sekisho-demo-"); err != nil {
		return err
	}
	for _, step := range []func(context.Context) error{d.platform, d.orders, d.token, d.call, d.refused} {
		if err = step(ctx); err != nil {
			break
		}
	}
	return errors.Join(err, d.stop(), os.RemoveAll(d.work))
}

func (d *demo) say(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// show prints what a program wrote, indented.
func (d *demo) show(text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		d.say("%s", strings.TrimRight("     "+line, " \n"))
	}
}

func (d *demo) platform(ctx context.Context) error {
	addr, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	data := filepath.Join(d.work, "data")
	d.say("1. The platform: sekisho dev")
	// Its first line says that it listens and that bootstrap.json is there.
	if _, err := d.start(ctx, "sekisho", os.Environ(), d.sekisho, "dev", "--data", data, "--addr", addr); err != nil {
		return err
	}
	text, err := os.ReadFile(d.bootstrapFile())
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &d.boot); err != nil {
		return fmt.Errorf("%s: %w", d.bootstrapFile(), err)
	}
	d.say("     listens at %s and has a tenant %s (%s)\n", d.boot.BaseURL, tenantDomain, d.boot.Demo[tenantDomain].TenantID)
	return nil
}

func (d *demo) bootstrapFile() string { return filepath.Join(d.work, "data", "bootstrap.json") }

// freeAddress finds a port that nobody listens on.
func freeAddress(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "localhost:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return net.JoinHostPort("localhost", port), errors.Join(err, l.Close())
}

func (d *demo) authority() string { return d.boot.BaseURL + "/" + d.boot.Demo[tenantDomain].TenantID }

func (d *demo) orders(ctx context.Context) error {
	certFile, keyFile := d.file("api.pem"), d.file("api.key.pem")
	cert, key, err := selfSigned("localhost")
	if err != nil {
		return err
	}
	ca, err := os.ReadFile(d.boot.CAFile)
	if err != nil {
		return err
	}
	for path, content := range map[string][]byte{certFile: cert, keyFile: key, d.file("ca.pem"): append(ca, cert...), d.file("orders.json"): ordersOfHakone} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	app := d.boot.Demo[tenantDomain].Apps["ordersApi"]
	d.say("2. The API: samples/api, protected with package bearer")
	line, err := d.start(ctx, "api", []string{
		"LISTEN=localhost:0", "TLS_CERT_FILE=" + certFile, "TLS_KEY_FILE=" + keyFile, "CA_FILE=" + d.boot.CAFile,
		"AUTHORITY=" + d.authority(), "AUDIENCES=" + app.ClientID + "," + app.IdentifierURI,
		"ORDERS_FILE=" + d.file("orders.json"),
	}, d.api)
	if err != nil {
		return err
	}
	_, d.apiURL, _ = strings.Cut(line, " at ")
	d.say("     listens at %s", d.apiURL)
	d.say("     takes tokens of %s\n     that are for %s\n", d.authority(), app.IdentifierURI)
	return nil
}

func (d *demo) file(name string) string { return filepath.Join(d.work, name) }

// token shows the token that the daemon is about to get: a client does not look
// into its token, so the daemon itself cannot show it.
func (d *demo) token(ctx context.Context) error {
	d.say("3. A token of the kind that the daemon gets: sekisho token --demo ordersDaemon")
	out, err := d.output(ctx, os.Environ(), d.sekisho, "token", "--bootstrap", d.bootstrapFile(), "--demo", "ordersDaemon")
	if err != nil {
		return err
	}
	d.show(out)
	d.say("")
	return nil
}

func (d *demo) call(ctx context.Context) error {
	app := d.boot.Demo[tenantDomain].Apps["ordersDaemon"]
	if err := os.WriteFile(d.file("secret"), []byte(app.ClientSecret), 0o600); err != nil {
		return err
	}
	d.say("4. The daemon: samples/daemon --once, by MSAL Go, as client %s", app.ClientID)
	out, err := d.output(ctx, []string{
		"AUTHORITY=" + d.authority(), "INSTANCE_DISCOVERY=false", "CA_FILE=" + d.file("ca.pem"),
		"CLIENT_ID=" + app.ClientID, "CLIENT_SECRET_FILE=" + d.file("secret"),
		"SCOPE=" + d.boot.Demo[tenantDomain].Apps["ordersApi"].IdentifierURI + "/.default", "API_URL=" + d.apiURL,
	}, d.daemon, "--once")
	if err != nil {
		return err
	}
	pretty := bytes.Buffer{}
	if err := json.Indent(&pretty, []byte(out), "", "  "); err != nil {
		return fmt.Errorf("the daemon printed no JSON: %w", err)
	}
	d.say("   GET %s/orders: the API answered", d.apiURL)
	d.show(pretty.String())
	d.say("")
	return nil
}

// refused shows that the API asks everybody for a token.
func (d *demo) refused(ctx context.Context) error {
	client, err := trusting(d.file("ca.pem"))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.apiURL+"/orders", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("without a token the API answered %s", resp.Status)
	}
	d.say("5. The same without a token: the API answered %s", resp.Status)
	d.show("WWW-Authenticate: " + resp.Header.Get("WWW-Authenticate"))
	d.say("")
	return nil
}

// output runs a program to its end.
func (d *demo) output(ctx context.Context, env []string, program string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = env
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", filepath.Base(program), err, &out, &said)
	}
	return out.String(), nil
}
