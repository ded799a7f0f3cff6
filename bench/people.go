package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	"golang.org/x/crypto/argon2"
)

// peopleFigures are what signing people in costs, beside client credentials.
type peopleFigures struct {
	engine string

	silent           series // CPU of a signed-in, silent /authorize, in S
	exchange         series // CPU of a code exchange (two signatures, one redemption), in S
	exchangeFrac     series
	refresh          series // CPU of a refresh with rotation, in S
	refreshFrac      series
	password         series // CPU of a sign-in by password without the hash, in S
	hash             series // CPU of the hash, in S
	beside           series // rate of client credentials beside sign-ins, of the rate alone
	biggest          int    // bytes of the largest page of a sign-in
	biggestWithStyle int    // with style sheet and icon
	profiles         []profile
}

const (
	peopleConnections = 8
	signInsAtOnce     = 64
	// nativeClients times people are the families that refreshes are spread over: a
	// client that refreshes the same again and again would be taken for one in a
	// loop (AADSTS50196).
	nativeClients  = 64
	personPassword = "gate-lantern-Cedar-41"
	redirectURI    = "https://orders.example/callback"
	nativeURI      = "http://localhost/callback"
	verifier       = "bench-verifier-0123456789-0123456789-0123456789"
)

// crowd is what was registered for the measurement.
type crowd struct {
	in             *instance
	web, secret    string
	natives        []string
	people         []string // user principal names
	tls            *target  // for dialling
	challenge      string
	path           string // of the authorization endpoint
	tokenPath      string
	domain, tenant string
}

// people registers two applications with consent for all, and people.
func (in *instance) people(ctx context.Context, n int) (*crowd, error) {
	admin, err := in.token(ctx, in.adminTarget())
	if err != nil {
		return nil, err
	}
	g := &graph{
		base: "https://" + in.addr + "/v1.0", bearer: admin,
		http: &http.Client{Transport: &http.Transport{TLSClientConfig: in.tls}, Timeout: 30 * time.Second},
	}
	defer g.http.CloseIdleConnections()
	sum := sha256.Sum256([]byte(verifier))
	c := &crowd{
		in: in, tls: &target{addr: in.addr, tls: in.tls}, challenge: base64.RawURLEncoding.EncodeToString(sum[:]), tenant: in.boot.TenantID,
		path: "/" + in.boot.TenantID + "/oauth2/v2.0/authorize", tokenPath: "/" + in.boot.TenantID + "/oauth2/v2.0/token",
	}
	msgraph := g.do(ctx, "GET", "/servicePrincipals(appId='00000003-0000-0000-c000-000000000000')", "")
	web, webSP := g.application(ctx, fmt.Sprintf(`{"displayName":"Orders","web":{"redirectUris":[%q]}}`, redirectURI))
	c.web = web["appId"]
	principals := []string{webSP["id"]}
	for i := range nativeClients {
		native, sp := g.application(ctx, fmt.Sprintf(`{"displayName":"Orders desktop %d","publicClient":{"redirectUris":[%q]}}`, i, nativeURI))
		c.natives, principals = append(c.natives, native["appId"]), append(principals, sp["id"])
	}
	c.secret = g.do(ctx, "POST", "/applications/"+web["id"]+"/addPassword", `{}`)["secretText"]
	for _, sp := range principals {
		g.do(ctx, "POST", "/oauth2PermissionGrants", fmt.Sprintf(`{"clientId":%q,"consentType":"AllPrincipals","resourceId":%q,"scope":"openid profile offline_access User.Read"}`, sp, msgraph["id"]))
	}
	c.domain = in.boot.TenantDomain
	for i := range n {
		name := fmt.Sprintf("person%d@%s", i, c.domain)
		g.do(ctx, "POST", "/users", fmt.Sprintf(`{"displayName":"Person %d","accountEnabled":true,"mailNickname":"person%d","userPrincipalName":%q,
			"passwordProfile":{"password":%q,"forceChangePasswordNextSignIn":false}}`, i, i, name, personPassword))
		c.people = append(c.people, name)
	}
	return c, g.err
}

// visitor is one person's browser on a connection of its own.
type visitor struct {
	*client
	crowd   *crowd
	cookies map[string]string
	page    []byte
	biggest int
}

func (c *crowd) visitor(ctx context.Context) (*visitor, error) {
	conn, err := dial(ctx, c.tls)
	if err != nil {
		return nil, err
	}
	return &visitor{client: conn, crowd: c, cookies: map[string]string{}}, nil
}

// visit sends a request and gives where it led, if it was a redirect.
func (v *visitor) visit(method, path, form string) (location string, err error) {
	if err := v.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sekisho-bench\r\n", method, path, v.crowd.in.addr)
	if len(v.cookies) > 0 {
		b.WriteString("Cookie: ")
		first := true
		for name, value := range v.cookies {
			if !first {
				b.WriteString("; ")
			}
			first = false
			b.WriteString(name + "=" + value)
		}
		b.WriteString("\r\n")
	}
	if method == http.MethodPost {
		fmt.Fprintf(&b, "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n", len(form))
	}
	b.WriteString("\r\n" + form)
	if _, err := v.conn.Write(b.Bytes()); err != nil {
		return "", err
	}
	return v.read()
}

func (v *visitor) read() (string, error) {
	resp, err := http.ReadResponse(v.reader, nil)
	if err != nil {
		return "", err
	}
	v.body.Reset()
	_, err = io.Copy(&v.body, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return "", err
	}
	for _, c := range resp.Cookies() {
		v.cookies[c.Name] = c.Value
		if c.MaxAge < 0 || c.Value == "" {
			delete(v.cookies, c.Name)
		}
	}
	v.page = v.body.Bytes()
	if resp.StatusCode >= 400 {
		return "", fmt.Errorf("answered %d: %.500s", resp.StatusCode, v.page)
	}
	if resp.StatusCode == http.StatusOK {
		v.biggest = max(v.biggest, len(v.page))
	}
	return resp.Header.Get("Location"), nil
}

var (
	benchAction = regexp.MustCompile(`<form[^>]*action="([^"]*)"`)
	benchHidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)"`)
)

// submit posts the form of the page.
func (v *visitor) submit(typed url.Values) (string, error) {
	action := benchAction.FindSubmatch(v.page)
	if action == nil {
		return "", fmt.Errorf("no form on the page: %.500s", v.page)
	}
	form := url.Values{}
	for _, f := range benchHidden.FindAllSubmatch(v.page, -1) {
		form.Set(html.UnescapeString(string(f[1])), html.UnescapeString(string(f[2])))
	}
	for name, values := range typed {
		form[name] = values
	}
	return v.visit(http.MethodPost, html.UnescapeString(string(action[1])), form.Encode())
}

// request is an authorization request of a native client, or of the web
// application for "".
func (c *crowd) request(native, more string) string {
	q := url.Values{"response_type": {"code"}, "scope": {"openid profile offline_access User.Read"}, "state": {"s"}, "nonce": {"n"}}
	q.Set("client_id", c.web)
	q.Set("redirect_uri", redirectURI)
	if native != "" {
		q.Set("client_id", native)
		q.Set("redirect_uri", nativeURI)
		q.Set("code_challenge", c.challenge)
		q.Set("code_challenge_method", "S256")
	}
	return c.path + "?" + q.Encode() + more
}

// signIn goes through the pages, as somebody new to this browser.
func (v *visitor) signIn(name string) (string, error) {
	clear(v.cookies)
	if _, err := v.visit(http.MethodGet, v.crowd.request("", ""), ""); err != nil {
		return "", err
	}
	for _, typed := range []url.Values{{"loginfmt": {name}}, {"passwd": {personPassword}}} {
		if _, err := v.submit(typed); err != nil {
			return "", err
		}
	}
	return codeOf(v.submit(url.Values{"action": {"no"}}))
}

// silent asks for a code without a page.
func (v *visitor) silent(native string) (string, error) {
	return codeOf(v.visit(http.MethodGet, v.crowd.request(native, "&prompt=none"), ""))
}

func codeOf(location string, err error) (string, error) {
	if err != nil {
		return "", err
	}
	u, err := url.Parse(location)
	if err != nil {
		return "", err
	}
	if code := u.Query().Get("code"); code != "" {
		return code, nil
	}
	return "", fmt.Errorf("no code came back: %q", location)
}

// redeem gives the refresh token.
func (v *visitor) redeem(form url.Values) (string, error) {
	if err := v.conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	if _, err := v.conn.Write(post(v.crowd.in.addr, v.crowd.tokenPath, form.Encode())); err != nil {
		return "", err
	}
	if _, err := v.read(); err != nil {
		return "", err
	}
	var answer struct {
		RefreshToken string `json:"refresh_token"`
		IDToken      string `json:"id_token"`
	}
	if err := json.Unmarshal(v.page, &answer); err != nil {
		return "", err
	}
	if answer.IDToken == "" || answer.RefreshToken == "" {
		return "", fmt.Errorf("an answer without tokens: %.300s", v.page)
	}
	v.crowd.in.forPeople.Add(1)
	return answer.RefreshToken, nil
}

func (c *crowd) codeForm(native, code string) url.Values {
	if native != "" {
		return url.Values{"grant_type": {"authorization_code"}, "client_id": {native}, "code": {code}, "redirect_uri": {nativeURI}, "code_verifier": {verifier}}
	}
	return url.Values{"grant_type": {"authorization_code"}, "client_id": {c.web}, "client_secret": {c.secret}, "code": {code}, "redirect_uri": {redirectURI}}
}

// driveEach repeats the acts, each on its own, for the time or until one of them
// has nothing left (io.EOF). The first failure ends the run.
func driveEach(ctx context.Context, acts []func() error, long time.Duration) (*load, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	errs, counts := make([]error, len(acts)), make([]int, len(acts))
	start := time.Now()
	var wg sync.WaitGroup
	for i, act := range acts {
		wg.Go(func() {
			for ctx.Err() == nil && time.Since(start) < long {
				err := act()
				if errors.Is(err, io.EOF) {
					return
				}
				if err != nil {
					errs[i] = err
					cancel()
					return
				}
				counts[i]++
			}
		})
	}
	wg.Wait()
	l := &load{took: time.Since(start)}
	for _, n := range counts {
		l.count += n
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if l.count == 0 {
		return nil, errors.New("a run without a single answer")
	}
	return l, nil
}

// costs is one run: its load, the CPU time of each act in S, and its rate in L.
func (b *bench) costs(ctx context.Context, in *instance, acts []func() error) (l *load, cpu, frac float64, err error) {
	if err := b.rest(ctx); err != nil {
		return nil, 0, 0, err
	}
	before, err := b.yard.calibrate(b.calibration)
	if err != nil {
		return nil, 0, 0, err
	}
	used, err := in.used(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	if l, err = driveEach(ctx, acts, b.runTime); err != nil {
		return nil, 0, 0, err
	}
	now, err := in.used(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	after, err := b.yard.calibrate(b.calibration)
	if err != nil {
		return nil, 0, 0, err
	}
	u, spent := between(before, after), now.minus(used)
	cpu = float64(spent.server+spent.database) / float64(l.count) / float64(u.s)
	return l, cpu, l.rate() / u.l, nil
}

// measurePeople measures what signing people in costs on a set-up instance.
func (b *bench) measurePeople(ctx context.Context, in *instance) (*peopleFigures, error) {
	c, err := in.people(ctx, signInsAtOnce)
	if err != nil {
		return nil, err
	}
	visitors := make([]*visitor, signInsAtOnce)
	for i := range visitors {
		if visitors[i], err = c.visitor(ctx); err != nil {
			return nil, err
		}
		defer func() { _ = visitors[i].conn.Close() }()
	}
	for i, v := range visitors {
		if _, err := v.signIn(c.people[i]); err != nil {
			return nil, err
		}
	}
	families, err := c.families(visitors)
	if err != nil {
		return nil, err
	}
	f := &peopleFigures{engine: in.name}
	for range b.runs {
		if err := b.peopleRun(ctx, c, visitors, families, f); err != nil {
			return nil, err
		}
	}
	if err := b.besideRun(ctx, c, visitors, f); err != nil {
		return nil, err
	}
	for _, v := range visitors {
		f.biggest = max(f.biggest, v.biggest)
	}
	fresh, err := c.visitor(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = fresh.conn.Close() }()
	style, err := c.styleBytes(ctx, fresh)
	f.biggestWithStyle = f.biggest + style
	b.say("%s: silent %s S, code exchange %s S (frac %s), refresh %s S (frac %s), password %s S and its hash %s S, beside sign-ins %s", in.name,
		f.silent.text(2), f.exchange.text(2), f.exchangeFrac.text(2), f.refresh.text(2), f.refreshFrac.text(2), f.password.text(2), f.hash.text(1), f.beside.text(2))
	return f, err
}

// family is a refresh token of a public client.
type family struct{ client, token string }

// families makes one for each person and native client.
func (c *crowd) families(visitors []*visitor) ([][]*family, error) {
	out := make([][]*family, peopleConnections)
	for i, v := range visitors {
		for _, client := range c.natives {
			code, err := v.silent(client)
			if err != nil {
				return nil, err
			}
			token, err := v.redeem(c.codeForm(client, code))
			if err != nil {
				return nil, err
			}
			out[i%peopleConnections] = append(out[i%peopleConnections], &family{client, token})
		}
	}
	return out, nil
}

// peopleRun is one run of each kind. The codes of the silent run are what the next
// one exchanges.
func (b *bench) peopleRun(ctx context.Context, c *crowd, visitors []*visitor, families [][]*family, f *peopleFigures) error {
	few := visitors[:peopleConnections]
	codes := make([][]string, len(few))
	client := func(i int) string { // half of the applications are native
		if i%2 == 0 {
			return c.natives[i]
		}
		return ""
	}
	var acts []func() error
	for i, v := range few {
		acts = append(acts, func() error {
			code, err := v.silent(client(i))
			codes[i] = append(codes[i], code)
			return err
		})
	}
	_, cpu, _, err := b.costs(ctx, c.in, acts)
	if err != nil {
		return fmt.Errorf("silent: %w", err)
	}
	f.silent = append(f.silent, cpu)

	acts = acts[:0]
	for i, v := range few {
		acts = append(acts, func() error {
			if len(codes[i]) == 0 {
				return io.EOF
			}
			code := codes[i][0]
			codes[i] = codes[i][1:]
			_, err := v.redeem(c.codeForm(client(i), code))
			return err
		})
	}
	_, cpu, frac, err := b.costs(ctx, c.in, acts)
	if err != nil {
		return fmt.Errorf("code exchange: %w", err)
	}
	f.exchange, f.exchangeFrac = append(f.exchange, cpu), append(f.exchangeFrac, frac)
	if err := b.profilePeople(ctx, c, "code exchange", acts, f); err != nil {
		return err
	}

	acts = acts[:0]
	for i, v := range few {
		turn := 0
		acts = append(acts, func() error {
			one := families[i][turn%len(families[i])]
			turn++
			var err error
			one.token, err = v.redeem(url.Values{"grant_type": {"refresh_token"}, "client_id": {one.client}, "refresh_token": {one.token}})
			return err
		})
	}
	if _, cpu, frac, err = b.costs(ctx, c.in, acts); err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	f.refresh, f.refreshFrac = append(f.refresh, cpu), append(f.refreshFrac, frac)
	if err := b.profilePeople(ctx, c, "refresh", acts, f); err != nil {
		return err
	}

	acts = acts[:0]
	for i, v := range few {
		acts = append(acts, func() error { _, err := v.signIn(c.people[i]); return err })
	}
	if _, cpu, _, err = b.costs(ctx, c.in, acts); err != nil {
		return fmt.Errorf("sign-in: %w", err)
	}
	if err := b.profilePeople(ctx, c, "password sign-in", acts, f); err != nil {
		return err
	}
	hash, err := b.hashCost()
	f.hash, f.password = append(f.hash, hash), append(f.password, cpu-hash)
	return err
}

// profilePeople is a profile of acts, in the last run and if profiles are wanted.
func (b *bench) profilePeople(ctx context.Context, c *crowd, name string, acts []func() error, f *peopleFigures) error {
	if !b.profiles || len(f.exchange) < b.runs {
		return nil
	}
	text, err := b.profileWhile(ctx, c.in, func(long time.Duration) error {
		_, err := driveEach(ctx, acts, long)
		return err
	})
	f.profiles = append(f.profiles, profile{fmt.Sprintf("%s on %s at %d", name, c.in.name, peopleConnections), text})
	return err
}

// hashCost is the CPU time of a password's hash in S.
func (b *bench) hashCost() (float64, error) {
	u, err := b.yard.calibrate(b.calibration)
	if err != nil {
		return 0, err
	}
	const rounds = 10
	salt := make([]byte, 16)
	before := ownCPU()
	for range rounds {
		argon2.IDKey([]byte(personPassword), salt, 2, 19*1024, 1, 32)
	}
	return float64(ownCPU()-before) / rounds / float64(u.s), nil
}

// besideRun compares client credentials alone with client credentials beside
// signInsAtOnce people who sign in all the time.
func (b *bench) besideRun(ctx context.Context, c *crowd, visitors []*visitor, f *peopleFigures) error {
	t := c.in.tokenTarget(c.in.client.id, c.in.client.secret, c.in.rs256)
	for range b.runs {
		alone, err := drive(ctx, t, peopleConnections, amount{time: b.runTime})
		if err != nil {
			return err
		}
		var acts []func() error
		for i := range visitors {
			// The server has closed connections that lay idle.
			v, err := c.visitor(ctx)
			if err != nil {
				return err
			}
			defer func() { _ = v.conn.Close() }()
			acts = append(acts, func() error { _, err := v.signIn(c.people[i]); return err })
		}
		storm := make(chan error, 1)
		go func() { _, err := driveEach(ctx, acts, b.runTime+time.Second); storm <- err }()
		time.Sleep(500 * time.Millisecond)
		beside, err := drive(ctx, t, peopleConnections, amount{time: b.runTime})
		if err := errors.Join(err, <-storm); err != nil {
			return fmt.Errorf("beside sign-ins: %w", err)
		}
		c.in.tokens += alone.count + beside.count
		f.beside = append(f.beside, beside.rate()/alone.rate())
	}
	return nil
}

var styleLink = regexp.MustCompile(`(?:href|src)="(/assets/[^"]+)"`)

// styleBytes is what a first visit loads beside the page.
func (c *crowd) styleBytes(ctx context.Context, v *visitor) (int, error) {
	clear(v.cookies)
	if _, err := v.visit(http.MethodGet, c.request("", ""), ""); err != nil {
		return 0, err
	}
	var paths []string
	for _, m := range styleLink.FindAllStringSubmatch(string(v.page), -1) {
		if !slices.Contains(paths, m[1]) {
			paths = append(paths, m[1])
		}
	}
	total := 0
	for _, p := range paths {
		if _, err := v.visit(http.MethodGet, p, ""); err != nil {
			return 0, err
		}
		total += len(v.page)
	}
	return total, ctx.Err()
}
