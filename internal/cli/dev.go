package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/sekisho-id/sekisho/internal/config"
	"github.com/sekisho-id/sekisho/internal/server"
)

const defaultDevAddr = "localhost:8443"

func devCommand(s *shared) *cobra.Command {
	o := server.DevOptions{}
	var logs config.Log
	c := &cobra.Command{
		Use:   "dev",
		Short: "Run a complete platform for development, here and now",
		Long: `Runs a complete platform in the foreground: HTTPS with a CA of its own, a first
tenant, and demonstration tenants with fixed, documented ids. Everything it keeps is
in one folder; delete that to begin anew. The clock can be moved (POST /dev/clock) and
keys rolled at once (POST /dev/keys/roll).

A database of sekisho dev is refused by sekisho serve.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			note := ""
			if !cmd.Flags().Changed("addr") {
				var err error
				if o.Addr, note, err = s.freeAddr(o.Data, defaultDevAddr); err != nil {
					return err
				}
			}
			o.Log = s.logger(logs)
			d, err := newDev(cmd.Context(), o)
			if err != nil {
				return err
			}
			if err := refreshAddresses(d.BootstrapFile, d.BaseURL()); err != nil {
				return errors.Join(err, d.Close())
			}
			return d.Run(cmd.Context(), func(string) { s.startScreen(o, d.BootstrapFile, note) })
		},
	}
	flags := c.Flags()
	flags.StringVar(&o.Data, "data", "sekisho-data", "folder for database, CA and bootstrap.json")
	flags.StringVar(&o.Addr, "addr", defaultDevAddr, "address to listen on, HOST:PORT")
	flags.BoolVar(&o.Empty, "empty", false, "first tenant only, no demonstration tenants")
	flags.StringVar(&o.TrustCA, "trust-ca", "", "PEM file of a CA that federated issuers on this machine use")
	flags.StringVar(&o.OperationsListen, "operations", "", "address for /metrics and /debug/pprof, HOST:PORT")
	flags.StringVar(&logs.Level, "log-level", "warn", "least level that is logged: debug, info, warn or error")
	flags.StringVar(&logs.Format, "log-format", "text", "form of a log line: text or json")
	return c
}

// freeAddr is the wanted address or, where that is taken, the next free port,
// with a note for the screen. Where this folder's own server has it, there is
// nothing to start.
func (s *shared) freeAddr(data, wanted string) (addr, note string, err error) {
	host, first, err := net.SplitHostPort(wanted)
	if err != nil {
		return "", "", err
	}
	port, err := strconv.Atoi(first)
	if err != nil {
		return "", "", err
	}
	for p := port; p < port+20; p++ {
		addr := net.JoinHostPort(host, strconv.Itoa(p))
		l, err := net.Listen("tcp", addr)
		if err == nil {
			if err := l.Close(); err != nil {
				return "", "", err
			}
			if p != port {
				note = fmt.Sprintf(s.say(words{
					"Port %d is taken, so this server listens on %d (choose with --addr).",
					"ポート %d は使用中のため、%d で待ち受けます（--addr で指定できます）。",
				}), port, p)
			}
			return addr, note, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return "", "", fmt.Errorf("cannot listen on %s: %w", addr, err)
		}
		if s.runsAlready(data, p) {
			return "", "", fmt.Errorf("a server runs already on %s, at https://%s: stop it, or give this one a folder of its own with --data", data, addr)
		}
	}
	return "", "", fmt.Errorf("ports %d to %d are taken: choose an address with --addr", port, port+19)
}

// runsAlready reports whether the server at the port is that of the folder: only
// it has a certificate that the folder's CA signed.
func (s *shared) runsAlready(data string, port int) bool {
	flag := bootstrapFlag{path: filepath.Join(data, "bootstrap.json")}
	b, err := flag.read(s)
	if err != nil || !strings.HasSuffix(b.host(), ":"+strconv.Itoa(port)) {
		return false
	}
	conn, err := newClient(b)
	if err != nil {
		return false
	}
	resp, err := conn.http.Get(strings.TrimSuffix(b.BaseURL, "/") + "/healthz")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// refreshAddresses writes the address of this start into bootstrap.json, leaving
// all else in it as it was.
func refreshAddresses(path, base string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading the bootstrap file: %w", err)
	}
	var b server.Bootstrap
	if err := json.Unmarshal(text, &b); err != nil {
		return fmt.Errorf("%s is not a bootstrap file: %w", path, err)
	}
	if b.BaseURL == base {
		return nil
	}
	b.BaseURL, b.GraphURL = base, base
	return b.Write(path)
}

// startScreen says in ten lines where everything is and what to do next.
func (s *shared) startScreen(o server.DevOptions, file, note string) {
	flag := bootstrapFlag{path: file}
	b, err := flag.read(s)
	if err != nil {
		fmt.Fprintf(s.Err, "sekisho: %v\n", err)
		return
	}
	base := strings.TrimSuffix(b.BaseURL, "/")
	arg := ""
	if filepath.Join(o.Data, "bootstrap.json") != filepath.Clean(defaultBootstrap) {
		arg = " --bootstrap " + shellQuote(filepath.Join(o.Data, "bootstrap.json"))
	}
	next := "sekisho token" + arg
	if !o.Empty {
		next += " --demo ordersDaemon"
	}
	type row struct {
		label words
		value string
	}
	rows := []row{
		{words{"authority", "機関"}, base + "/" + b.TenantID},
		{words{"discovery", "検出"}, base + "/" + b.TenantID + "/v2.0/.well-known/openid-configuration"},
		{words{"Graph", "Graph"}, strings.TrimSuffix(b.GraphURL, "/") + "/v1.0"},
		{words{"tenants", "テナント"}, strings.Join(b.domains(), ", ")},
		{words{"secrets", "秘密情報"}, file},
		{words{"CA", "CA 証明書"}, b.CAFile + "  (sekisho trust" + arg + ")"},
		{words{"clients", "クライアント"}, "sekisho env go|node|python|java|oidc" + arg},
		{words{"next", "次のコマンド"}, next},
	}
	if !o.Empty {
		rows = append(rows, row{words{"sign-in", "サインイン"}, "sekisho token" + arg + " --interactive --demo ordersDesktop"})
	}
	fmt.Fprintf(s.Out, s.say(words{"Sekisho %s is ready at %s (development mode; stop with Ctrl-C)\n", "Sekisho %s が %s で起動しました（開発モード。Ctrl-C で停止）\n"}), buildVersion(), base)
	for _, r := range rows {
		label := s.say(r.label)
		fmt.Fprintf(s.Out, "  %s%s  %s\n", label, strings.Repeat(" ", max(0, 12-displayWidth(label))), r.value)
	}
	if note != "" {
		fmt.Fprintln(s.Out, note)
	}
}

// displayWidth counts columns: a Japanese character takes two.
func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		n++
		if r >= 0x1100 {
			n++
		}
	}
	return n
}
