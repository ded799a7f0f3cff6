package graph

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// newCertificate makes a key pair and its certificate, base64 DER.
func newCertificate(t *testing.T, name string) (*rsa.PrivateKey, string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: startOfTime.Add(-time.Hour), NotAfter: startOfTime.AddDate(1, 0, 0),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return key, base64.StdEncoding.EncodeToString(der)
}

func proof(t *testing.T, key *rsa.PrivateKey, issuer string, at time.Time) string {
	t.Helper()
	enc := base64.RawURLEncoding.EncodeToString
	signed := enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." +
		enc(fmt.Appendf(nil, `{"aud":"00000002-0000-0000-c000-000000000000","iss":"%s","nbf":%d,"exp":%d}`, issuer, at.Unix(), at.Add(10*time.Minute).Unix()))
	sum := sha256.Sum256([]byte(signed))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return signed + "." + enc(sig)
}

// TestCertificates: Terraform's way (read with $select, append, PATCH with
// key:null for what is there), and an application that rolls its own.
func TestCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := newApplicationPath(w)
	firstKey, first := newCertificate(t, "first")
	_, second := newCertificate(t, "second")
	_, third := newCertificate(t, "third")
	raw, err := base64.StdEncoding.DecodeString(first)
	if err != nil {
		t.Fatal(err)
	}
	thumb := sha1.Sum(raw)
	w.vars["first.der"], w.vars["second.der"], w.vars["third.der"] = first, second, third
	w.vars["thumb"] = base64.StdEncoding.EncodeToString(thumb[:])
	w.vars["pem"] = strings.ReplaceAll(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})), "\n", `\n`)
	w.run([]step{
		{name: "upload", method: "PATCH", path: path, body: `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"{first.der}","displayName":"CN=first"}]}`, status: 204},
		{name: "without the key", method: "GET", path: path, status: 200, has: []string{`"key":null`, `"customKeyIdentifier":"{thumb}"`, `"usage":"Verify"`}, save: map[string]string{"k1": "keyCredentials/0/keyId"}},
		{name: "not in lists", method: "GET", path: "/applications?$filter=id eq '{id}'&$select=keyCredentials", status: 200, has: []string{`"key":null`}},
		{name: "with the key", method: "GET", path: path + "?$select=keyCredentials", status: 200, has: []string{`"key":"{first.der}"`}},
		{name: "append", method: "PATCH", path: path, body: `{"keyCredentials":[{"keyId":"{k1}","type":"AsymmetricX509Cert","usage":"Verify","key":null},{"type":"AsymmetricX509Cert","usage":"Verify","key":"{second.der}"}]}`, status: 204},
		{name: "both", method: "GET", path: path + "?$select=keyCredentials", status: 200, has: []string{"{first.der}", "{second.der}"}},
		{name: "a certificate at creation", method: "POST", path: "/applications", body: `{"displayName":"cert","keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"{second.der}"}]}`, status: 201, save: map[string]string{"cert": "id"}},
		{name: "sp", method: "POST", path: "/servicePrincipals", body: `{"appId":"{appId}"}`, status: 201, save: map[string]string{"sp": "id"}},
		{name: "on the sp", method: "PATCH", path: "/servicePrincipals/{sp}", body: `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"{second.der}"}]}`, status: 204},
		{name: "as PEM", method: "PATCH", path: "/applications/{cert}", body: `{"keyCredentials":[{"type":"AsymmetricX509Cert","usage":"Verify","key":"{pem}"}]}`, status: 204},
		{name: "is the same", method: "GET", path: "/applications/{cert}?$select=keyCredentials", status: 200, has: []string{`"key":"{first.der}"`}},
		{name: "sp key", method: "GET", path: "/servicePrincipals/{sp}?$select=keyCredentials", status: 200, has: []string{"{second.der}"}},
	})

	// The application itself, without any permission.
	own := *w.tokens["first"]
	own.Roles = nil
	own.AppID = directory.ID(w.vars["appId"])
	w.tokens["itself"] = &own
	w.vars["proof"] = proof(t, firstKey, w.vars["id"], w.now)
	w.vars["foreignProof"] = proof(t, firstKey, w.vars["cert"], w.now)
	w.vars["oldProof"] = proof(t, firstKey, w.vars["id"], w.now.Add(-time.Hour))
	add := `{"keyCredential":{"type":"AsymmetricX509Cert","usage":"Verify","key":"{third.der}"},"passwordCredential":null,"proof":"`
	w.run([]step{
		{name: "foreign proof", as: "itself", method: "POST", path: path + "/addKey", body: add + `{foreignProof}"}`, status: 400},
		{name: "old proof", as: "itself", method: "POST", path: path + "/addKey", body: add + `{oldProof}"}`, status: 400},
		{name: "roll", as: "itself", method: "POST", path: path + "/addKey", body: add + `{proof}"}`, status: 200, save: map[string]string{"k3": "keyId"}},
		{name: "not another application", as: "itself", method: "POST", path: "/applications/{cert}/addKey", body: add + `{foreignProof}"}`, status: 403},
		{name: "nothing else", as: "itself", method: "GET", path: path, status: 403},
		{name: "with a PFX", as: "itself", method: "POST", path: path + "/addKey", body: `{"keyCredential":{"type":"X509CertAndPassword","usage":"Sign","key":"{third.der}"},"passwordCredential":{"secretText":"Planted"},"proof":"{proof}"}`, status: 400, not: []string{"Planted"}},
		{name: "remove", as: "itself", method: "POST", path: path + "/removeKey", body: `{"keyId":"{k3}","proof":"{proof}"}`, status: 204},
		{name: "two left", method: "GET", path: path + "?$select=keyCredentials", status: 200, not: []string{"{k3}"}},
	})
}
