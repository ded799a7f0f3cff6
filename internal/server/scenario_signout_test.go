package server_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
)

// The verbs of signing out.

// stepLogout asks for a sign-out with the parameters below: "@tenant", "@v1" and
// "@post" change the request itself, "name = -" leaves one out.
func (w *world) stepLogout(st step) {
	tenant, path, post, form := w.vars["tenant"], "/oauth2/v2.0/logout", false, url.Values{}
	for _, p := range st.params {
		switch value := w.expand(p[1]); {
		case p[0] == "@tenant":
			tenant = value
		case p[0] == "@v1":
			path = "/oauth2/logout"
		case p[0] == "@post":
			post = true
		case value != "-":
			form.Set(p[0], value)
		}
	}
	at := w.srv.URL + "/" + tenant + path
	if post {
		req := w.request("POST", at, strings.NewReader(form.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", "https://app.example")
		w.browse(req)
		return
	}
	w.browse(w.request("GET", at+"?"+form.Encode(), nil))
}

var (
	refreshTo = regexp.MustCompile(`<meta http-equiv="refresh" content="[0-9]+; url=([^"]*)"`)
	framed    = regexp.MustCompile(`<iframe [^>]*src="([^"]*)"`)
)

// stepLeft says that somebody is signed out and where the browser goes then: left
// [ADDRESS]; without one it stays. The lines below are "frame = ADDRESS", "*" at its
// end for the rest, one for each application that hears of it.
func (w *world) stepLeft(st step) {
	want, next := "", w.header.Get("Location")
	if len(st.args) > 0 {
		want = w.expand(st.args[0])
	}
	page := strings.Contains(string(w.body), `data-page="signedout"`)
	if m := refreshTo.FindSubmatch(w.body); m != nil {
		next = html.UnescapeString(string(m[1]))
	}
	if next != want || !page && w.status != 303 {
		w.t.Errorf("status %d, the browser goes to %q, want %q: %s", w.status, next, want, w.body)
	}
	frames := framed.FindAllSubmatch(w.body, -1)
	if len(frames) != len(st.params) {
		w.t.Errorf("%d frames, want %d: %q", len(frames), len(st.params), frames)
		return
	}
	for i, p := range st.params {
		got, want := html.UnescapeString(string(frames[i][1])), w.expand(p[1])
		if beginning, any := strings.CutSuffix(want, "*"); got != want && (!any || !strings.HasPrefix(got, beginning)) {
			w.t.Errorf("frame %q, want %q", got, want)
		}
	}
}
