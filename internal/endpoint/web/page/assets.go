package page

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed assets
var assetFiles embed.FS

// assetList names the assets. A style sheet comes after what it shows, so that
// it can be given the finished addresses.
var assetList = []struct{ name, contentType string }{
	{"mark.svg", "image/svg+xml"},
	{"milestones.svg", "image/svg+xml"},
	{"app.css", "text/css; charset=utf-8"},
}

// assets are the files that pages refer to. Each has its content in its address,
// so that browsers may keep it for ever and never see an old one.
type assets struct {
	urls   map[string]string // file name to address
	served map[string]asset  // address to content
}

type asset struct {
	contentType string
	body        []byte
}

func loadAssets() (*assets, error) {
	a := &assets{urls: map[string]string{}, served: map[string]asset{}}
	for _, f := range assetList {
		body, err := assetFiles.ReadFile("assets/" + f.name)
		if err != nil {
			return nil, fmt.Errorf("reading the asset %s: %w", f.name, err)
		}
		if path.Ext(f.name) == ".css" {
			body = []byte(a.withAddresses(string(body)))
		}
		sum := sha256.Sum256(body)
		ext := path.Ext(f.name)
		url := "/assets/" + strings.TrimSuffix(f.name, ext) + "-" + hex.EncodeToString(sum[:8]) + ext
		a.urls[f.name], a.served[url] = url, asset{f.contentType, body}
	}
	return a, nil
}

// withAddresses puts the addresses of pictures into a style sheet.
func (a *assets) withAddresses(css string) string {
	for name, url := range a.urls {
		css = strings.ReplaceAll(css, `url("`+name+`")`, `url("`+url+`")`)
	}
	return css
}

// url is the address of a file.
func (a *assets) url(name string) string { return a.urls[name] }

// Assets serves the style sheet and the pictures. The path is only ever a key of
// a map.
func (p *Pages) Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		protect(h, allowance{})
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "This address takes GET requests.", http.StatusMethodNotAllowed)
			return
		}
		file, ok := p.assets.served[r.URL.Path]
		if !ok {
			h.Set("Cache-Control", "no-store")
			http.Error(w, "There is no such file.", http.StatusNotFound)
			return
		}
		h.Set("Content-Type", file.contentType)
		h.Set("Content-Length", strconv.Itoa(len(file.body)))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		_, _ = w.Write(file.body)
	})
}

// Icon sends browsers that ask for /favicon.ico by themselves to the mark.
func (p *Pages) Icon() http.Handler {
	return http.RedirectHandler(p.assets.url("mark.svg"), http.StatusFound)
}
