package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// bootstrapFile is what a client has to know of a server, as `sekisho bootstrap`
// and `sekisho dev` write it.
type bootstrapFile struct {
	BaseURL      string `json:"baseUrl"`
	GraphURL     string `json:"graphUrl"`
	CAFile       string `json:"caFile,omitempty"`
	TenantID     string `json:"tenantId"`
	TenantDomain string `json:"tenantDomain"`
	ClientID     string `json:"clientId"`
	ClientSecret string `json:"clientSecret"`
	AdminUser    string `json:"adminUser,omitempty"`
	AdminPass    string `json:"adminPassword,omitempty"`
	// Demo holds the demonstration tenants of development mode by domain.
	Demo map[string]demoTenant `json:"demo,omitempty"`
}

type demoTenant struct {
	TenantID string             `json:"tenantId"`
	Apps     map[string]demoApp `json:"apps"`
}

type demoApp struct {
	ClientID      string   `json:"clientId"`
	ClientSecret  string   `json:"clientSecret"`
	IdentifierURI string   `json:"identifierUri"`
	RedirectURIs  []string `json:"redirectUris"`
}

// redirectOf is where a demonstration application is answered when people sign in,
// "" if it has no such address or does not exist.
func (b *bootstrapFile) redirectOf(app string) string {
	for _, t := range b.Demo {
		if uris := t.Apps[app].RedirectURIs; len(uris) > 0 {
			return uris[0]
		}
	}
	return ""
}

// domains are the default domains of all tenants, the first tenant's first.
func (b *bootstrapFile) domains() []string {
	return append([]string{b.TenantDomain}, slices.Sorted(maps.Keys(b.Demo))...)
}

// as is b seen by an application of a demonstration tenant, and the scope of the
// API beside it, "" if there is none.
func (b *bootstrapFile) as(app string) (_ *bootstrapFile, scope string, err error) {
	var known []string
	for _, domain := range slices.Sorted(maps.Keys(b.Demo)) {
		t := b.Demo[domain]
		known = append(known, slices.Sorted(maps.Keys(t.Apps))...)
		a, ok := t.Apps[app]
		if !ok {
			continue
		}
		for _, other := range t.Apps {
			if other.IdentifierURI != "" {
				scope = other.IdentifierURI + "/.default"
			}
		}
		c := *b
		c.TenantID, c.TenantDomain, c.ClientID, c.ClientSecret = t.TenantID, domain, a.ClientID, a.ClientSecret
		return &c, scope, nil
	}
	if len(known) == 0 {
		return nil, "", errors.New("there are no demonstration applications here; sekisho dev makes them")
	}
	return nil, "", usagef("there is no demonstration application %q; there are: %s", app, strings.Join(known, ", "))
}

const defaultBootstrap = "sekisho-data/bootstrap.json"

// bootstrapFlag says where the file is.
type bootstrapFlag struct{ path string }

func (f *bootstrapFlag) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.path, "bootstrap", "", "the server's bootstrap.json (default: SEKISHO_BOOTSTRAP, or "+defaultBootstrap+")")
}

// read finds and checks the file.
func (f *bootstrapFlag) read(s *shared) (*bootstrapFile, error) {
	path := f.path
	if path == "" {
		path, _ = s.LookupEnv("SEKISHO_BOOTSTRAP")
	}
	if path == "" {
		path = defaultBootstrap
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s: start a server here with sekisho dev, or say where its file is with --bootstrap FILE", path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the bootstrap file: %w", err)
	}
	var b bootstrapFile
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&b); err != nil {
		return nil, fmt.Errorf("%s is not a bootstrap file: %w", path, err)
	}
	if u, err := url.Parse(b.BaseURL); err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s is not a bootstrap file: it has no baseUrl", path)
	}
	if b.TenantID == "" {
		return nil, fmt.Errorf("%s is not a bootstrap file: it has no tenantId", path)
	}
	if b.GraphURL == "" {
		b.GraphURL = b.BaseURL
	}
	if b.CAFile != "" && !filepath.IsAbs(b.CAFile) {
		// A relative path is one beside the file itself, wherever that was moved.
		abs, err := filepath.Abs(filepath.Join(filepath.Dir(path), filepath.Base(b.CAFile)))
		if err != nil {
			return nil, err
		}
		b.CAFile = abs
	}
	return &b, nil
}

// host is the authority's host with its port, as clients compare it.
func (b *bootstrapFile) host() string {
	u, err := url.Parse(b.BaseURL)
	if err != nil {
		return "" // read checked it
	}
	return u.Host
}
