package cli

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sekisho-id/sekisho/internal/config"
)

// keysOf lists the keys of the configuration, groups written with a dot.
func keysOf(t reflect.Type, prefix string) []string {
	var list []string
	for f := range t.Fields() {
		key := prefix + f.Tag.Get("yaml")
		if f.Type.Kind() == reflect.Struct {
			list = append(list, keysOf(f.Type, key+".")...)
			continue
		}
		list = append(list, key)
	}
	return list
}

// Every key of the configuration must reach the server: each has a row, which
// sets it alone and says what the server is then told.
func TestEveryKeyReachesTheServer(t *testing.T) {
	pair, err := newKeyPair("login.example.com", "", now)
	if err != nil {
		t.Fatal(err)
	}
	pem := filepath.Join(t.TempDir(), "pair.pem")
	if err := os.WriteFile(pem, pair.text, 0o600); err != nil {
		t.Fatal(err)
	}
	kek := base64.StdEncoding.EncodeToString([]byte("\x01\x9f\x02\x8e\x13\x7d\x24\x6c\x35\x5b\x46\x4a\x57\x39\x68\x28\x79\x17\x8a\x06\x9b\xf5\xac\xe4\xbd\xd3\xce\xc2\xdf\xb1\xe0\xa0"))

	type row struct {
		set  func(*config.Config)
		told func(*installation, *bytes.Buffer) any
		want any
	}
	rows := map[string]row{
		"listen": {func(c *config.Config) { c.Listen = ":443" }, func(in *installation, _ *bytes.Buffer) any { return in.Listen }, ":443"},
		"hosts": {
			func(c *config.Config) { c.Hosts = []string{"https://localhost:7443"} },
			func(in *installation, _ *bytes.Buffer) any { return in.Hosts }, []string{"https://localhost:7443"},
		},
		"graphUrl": {func(c *config.Config) { c.GraphURL = "https://graph.example.com" }, func(in *installation, _ *bytes.Buffer) any { return in.GraphURL }, "https://graph.example.com"},
		"stsUrl":   {func(c *config.Config) { c.STSURL = "https://sts.example.com" }, func(in *installation, _ *bytes.Buffer) any { return in.STSURL }, "https://sts.example.com"},
		"tls.certFile": {
			func(c *config.Config) { c.TLS = config.TLS{CertFile: pem, KeyFile: pem} },
			func(in *installation, _ *bytes.Buffer) any { return servedName(t, in) }, "login.example.com",
		},
		"tls.keyFile": {
			func(c *config.Config) { c.TLS = config.TLS{CertFile: pem, KeyFile: pem} },
			func(in *installation, _ *bytes.Buffer) any { return in.TLS.GetCertificate != nil }, true,
		},
		"tls.off":          {func(c *config.Config) { c.TLS.Off = true }, func(in *installation, _ *bytes.Buffer) any { return in.TLS == nil }, true},
		"trustedProxies":   {func(c *config.Config) { c.TrustedProxies = []string{"10.1.2.3/8"} }, func(in *installation, _ *bytes.Buffer) any { return in.TrustedProxies[0].String() }, "10.0.0.0/8"},
		"database":         {func(c *config.Config) { c.Database = "postgres://db/sekisho" }, func(in *installation, _ *bytes.Buffer) any { return in.Database }, "postgres://db/sekisho"},
		"dataDir":          {func(c *config.Config) { c.DataDir += "/more" }, func(in *installation, _ *bytes.Buffer) any { return filepath.Base(filepath.Dir(in.Database)) }, "more"},
		"keyEncryptionKey": {func(c *config.Config) { c.KeyEncryptionKey = kek }, func(in *installation, _ *bytes.Buffer) any { return opensWith(t, in, kek) }, true},
		"operations.listen": {
			func(c *config.Config) { c.Operations.Listen = "localhost:9090" },
			func(in *installation, _ *bytes.Buffer) any { return in.OperationsListen }, "localhost:9090",
		},
		"log.level": {
			func(c *config.Config) { c.Log.Level = "debug" },
			func(in *installation, _ *bytes.Buffer) any { return in.Log.Enabled(t.Context(), slog.LevelDebug) }, true,
		},
		"log.format": {func(c *config.Config) { c.Log.Format = "json" }, func(in *installation, out *bytes.Buffer) any {
			in.Log.Info("line")
			return strings.HasPrefix(out.String(), "{")
		}, true},
		"retention.signIns":         {func(c *config.Config) { c.Retention.SignIns = 25 * time.Hour }, func(in *installation, _ *bytes.Buffer) any { return in.SignInsKept }, 25 * time.Hour},
		"retention.directoryAudits": {func(c *config.Config) { c.Retention.DirectoryAudits = 26 * time.Hour }, func(in *installation, _ *bytes.Buffer) any { return in.AuditsKept }, 26 * time.Hour},
		"retention.deletedObjects":  {func(c *config.Config) { c.Retention.DeletedObjects = 27 * time.Hour }, func(in *installation, _ *bytes.Buffer) any { return in.DeletedKept }, 27 * time.Hour},
		"outbound.allow": {
			func(c *config.Config) { c.Outbound.Allow = []string{"192.168.7.0/24", "Keys.internal.example"} },
			func(in *installation, _ *bytes.Buffer) any {
				return in.OutboundAllow[0].String() + " " + in.OutboundHosts[0]
			}, "192.168.7.0/24 keys.internal.example",
		},
		"outbound.caFile":   {func(c *config.Config) { c.Outbound.CAFile = pem }, func(in *installation, _ *bytes.Buffer) any { return in.OutboundCAs != nil }, true},
		"requestsPerMinute": {func(c *config.Config) { c.RequestsPerMinute = 77 }, func(in *installation, _ *bytes.Buffer) any { return in.RequestsPerMinute }, 77},
		"signInsPerMinute":  {func(c *config.Config) { c.SignInsPerMinute = 78 }, func(in *installation, _ *bytes.Buffer) any { return in.SignInsPerMinute }, 78},
		"shutdownGrace":     {func(c *config.Config) { c.ShutdownGrace = 3 * time.Second }, func(in *installation, _ *bytes.Buffer) any { return in.ShutdownGrace }, 3 * time.Second},
	}
	for _, key := range keysOf(reflect.TypeFor[config.Config](), "") {
		r, ok := rows[key]
		if !ok {
			t.Errorf("nothing here says what the server is told of %s", key)
			continue
		}
		t.Run(key, func(t *testing.T) {
			in, out := installed(t, func(*config.Config) {})
			if cmp.Equal(r.told(in, out), r.want) {
				t.Error("the row passes without the key")
			}
			in, out = installed(t, r.set)
			if diff := cmp.Diff(r.want, r.told(in, out)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// installed makes a configuration ready, in a folder of its own, with what a
// key without effect would have.
func installed(t *testing.T, set func(*config.Config)) (*installation, *bytes.Buffer) {
	t.Helper()
	s, out := terminal("en")
	s.Rand = bytes.NewReader([]byte("\xd1\x07\x92\x3e\x55\xaf\x18\x6b\xc4\x20\x7d\xe9\x4c\x81\x36\xfa\x0b\x63\xb8\x15\xde\x72\x2f\x94\x49\xa6\xcb\x50\x8d\x1c\xf7\x6a"))
	c := config.Default()
	c.DataDir = t.TempDir()
	c.TrustedProxies, c.Outbound.Allow = []string{"127.0.0.1"}, []string{"127.0.0.2", "none.example"}
	set(&c)
	in, err := s.install(c, true)
	if err != nil {
		t.Fatal(err)
	}
	return in, out
}

// servedName is the name in the certificate that a client would get.
func servedName(t *testing.T, in *installation) string {
	t.Helper()
	if in.TLS.GetCertificate == nil {
		return ""
	}
	cert, err := in.TLS.GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return cert.Leaf.Subject.CommonName
}

// opensWith reports whether the installation unwraps what the key wrapped.
func opensWith(t *testing.T, in *installation, key string) bool {
	t.Helper()
	s, _ := terminal("en")
	other, err := s.keyWrapper(config.Config{KeyEncryptionKey: key}, false)
	if err != nil {
		t.Fatal(err)
	}
	wrapped, err := other.Wrap(t.Context(), "tenant", make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	_, err = in.Wrapper.Unwrap(t.Context(), "tenant", wrapped)
	return err == nil
}
