package clientauth

import (
	"crypto/sha1" // a thumbprint names a certificate here, it proves nothing
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// maxTries bounds how many certificates are tried when an assertion does not
// say which one signed it.
const maxTries = 16

// checkCertificate verifies an assertion that the client signed with the key of
// a registered certificate (RFC 7523 §3; Entra: certificate credentials).
// Signature first: what an unsigned assertion says is nobody's word.
func (a *Authenticator) checkCertificate(t *target, req *Request, as *assertion) (directory.ID, error) {
	if err := as.readable(); err != nil {
		return "", err
	}
	keys, err := a.keysFor(t, as)
	if err != nil {
		return "", err
	}
	var failure error
	for _, k := range keys {
		cert, err := x509.ParseCertificate(k.DER)
		if err != nil {
			failure = unsigned("the registered certificate cannot be read").Because(err)
			continue
		}
		if failure = as.verify(cert.PublicKey); failure == nil {
			return k.KeyID, as.checkAudience(req)
		}
	}
	return "", failure
}

// keysFor lists the certificates that may have signed, at least one: those that
// the header points at, or every valid one where it does not. The header only
// chooses among registered certificates; `jwk`, `jku`, `x5u` and `x5c` are not
// read at all.
func (a *Authenticator) keysFor(t *target, as *assertion) ([]*directory.KeyCredential, error) {
	h, err := as.hint()
	if err != nil {
		return nil, err
	}
	var valid []*directory.KeyCredential
	var early, late *directory.KeyCredential
	now := a.now()
	for _, list := range t.keys {
		for i := range list {
			k := &list[i]
			switch {
			case k.Usage != directory.UsageVerify || !h.matches(k):
			case now.Before(k.StartAt):
				early = k
			case !k.EndAt.IsZero() && !now.Before(k.EndAt):
				late = k
			default:
				valid = append(valid, k)
			}
		}
	}
	switch {
	case len(valid) > 0:
		return valid[:min(len(valid), maxTries)], nil
	case late != nil:
		return nil, unsigned("the certificate expired on " + late.EndAt.UTC().Format("2006-01-02"))
	case early != nil:
		return nil, unsigned("the certificate is not valid before " + early.StartAt.UTC().Format("2006-01-02"))
	case h.none():
		return nil, unsigned("no certificate is registered for the application")
	}
	return nil, unsigned("the certificate that it names is not registered for the application")
}

// hint is what a header says about the certificate that signed.
type hint struct {
	sha256, sha1 []byte
	keyID        directory.ID
}

// hint reads `x5t#S256`, `x5t` and `kid`, the first that says something. Clients
// differ: MSAL Go writes x5t#S256 in the standard alphabet with padding, others
// in base64url; Terraform sends only a kid with the SHA-1, padded; some use hex
// or the key id that Graph gave. A kid of another form is a name that only its
// client knows, and says nothing.
func (a *assertion) hint() (hint, error) {
	for _, name := range []string{"x5t#S256", "x5t", "kid"} {
		s, ok := text(a.header, name)
		if !ok {
			return hint{}, unreadable("'" + name + "' is not a string")
		}
		if s == "" {
			continue
		}
		digest := thumbprint(s)
		switch {
		case len(digest) == sha256.Size && name != "x5t":
			return hint{sha256: digest}, nil
		case len(digest) == sha1.Size && name != "x5t#S256":
			return hint{sha1: digest}, nil
		case name == "kid":
			if id, err := directory.ParseID(s); err == nil {
				return hint{keyID: id}, nil
			}
		default:
			return hint{}, unreadable("'" + name + "' is not a thumbprint")
		}
	}
	return hint{}, nil
}

func (h hint) none() bool { return h.sha256 == nil && h.sha1 == nil && h.keyID == "" }

func (h hint) matches(k *directory.KeyCredential) bool {
	switch {
	case h.sha256 != nil:
		return slices.Equal(h.sha256, k.SHA256[:])
	case h.sha1 != nil:
		return slices.Equal(h.sha1, k.SHA1[:])
	case h.keyID != "":
		return h.keyID == k.KeyID
	}
	return true
}

var urlAlphabet = strings.NewReplacer("+", "-", "/", "_")

// thumbprint reads a SHA-1 or SHA-256 in hex or in base64 of either alphabet,
// padded or not; nil if it is neither. The lengths keep the forms apart.
func thumbprint(s string) []byte {
	if len(s) == 2*sha1.Size || len(s) == 2*sha256.Size {
		if b, err := hex.DecodeString(s); err == nil {
			return b
		}
	}
	b, err := base64.RawURLEncoding.DecodeString(urlAlphabet.Replace(strings.TrimRight(s, "=")))
	if err != nil || len(b) != sha1.Size && len(b) != sha256.Size {
		return nil
	}
	return b
}

// checkAudience wants exactly one audience, one of this authority's names in
// full. A second one would let whoever runs the other use the assertion here.
func (a *assertion) checkAudience(req *Request) error {
	aud, ok := texts(a.claims, "aud")
	if !ok || len(aud) != 1 || req.Audiences == nil || !slices.Contains(req.Audiences(), aud[0]) {
		return aadsts.New(aadsts.AssertionAudience)
	}
	return nil
}
