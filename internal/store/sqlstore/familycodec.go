package sqlstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/authorization"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// A family is one row with a blob of what no statement asks for: there is one
// for every sign-in to every application, for as long as its refresh token lives.
//
// The blob, version 1: version, flags, platform (a byte each), home user,
// session, client (16 bytes each), for guests tenant and user (16 bytes each),
// time of the sign-in (varint, microseconds), proof before it (varint, the
// difference), endpoint version (uvarint), address, secret, path unless it is the
// tenant, methods unless they are one password, scope with what is usual in one
// byte each, resource and claims; each text with its length before it.

const familyVersion = 1

const (
	familyRefreshable = 1 << iota
	familyAskedAge
	familyGuest    // Tenant and User are not the home ones
	familyOwnPath  // Path is Tenant
	familyPassword // Methods are just "pwd"
	familyRawScope // Scope holds bytes that stand for usual parts, and is as it is
)

// usualParts of scopes and the bytes that stand for them, which no scope may hold
// (RFC 6749 §3.3).
var (
	usualParts = []string{
		"openid profile offline_access", "\x01", "https://graph.microsoft.com/", "\x02",
		"openid", "\x03", "profile", "\x04", "email", "\x05", "offline_access", "\x06",
	}
	shorten = strings.NewReplacer(usualParts...)
	restore = strings.NewReplacer(reversed(usualParts)...)
)

// reversed turns the pairs of a replacer around.
func reversed(pairs []string) []string {
	back := make([]string, len(pairs))
	for i := range pairs {
		back[i] = pairs[i^1]
	}
	return back
}

// platforms are numbered from 1; 0 is none.
var platforms = []directory.RedirectPlatform{"", directory.PlatformWeb, directory.PlatformSPA, directory.PlatformPublicClient}

// encodeFamily makes the blob of a family.
func encodeFamily(f *authorization.Family) ([]byte, error) {
	b := make([]byte, 3, 192)
	b[0] = familyVersion
	flag := func(bit byte, set bool) bool {
		if set {
			b[1] |= bit
		}
		return set
	}
	flag(familyRefreshable, f.Refreshable)
	flag(familyAskedAge, f.AskedAge)
	for b[2] = 0; platforms[b[2]] != f.Platform; {
		if b[2]++; int(b[2]) == len(platforms) {
			return nil, fmt.Errorf("sqlstore: a family cannot keep the platform %q", f.Platform)
		}
	}
	ids := []directory.ID{f.HomeUser, f.Session, f.Client}
	if flag(familyGuest, f.Tenant != f.HomeTenant || f.User != f.HomeUser) {
		ids = append(ids, directory.ID(f.Tenant.String()), f.User)
	}
	for _, id := range ids {
		packed := id.Bytes()
		if id != "" && directory.IDFromBytes(packed) != id {
			return nil, fmt.Errorf("sqlstore: a family cannot keep %q: %w", id, directory.ErrNotGUID)
		}
		b = append(b, packed[:]...)
	}
	b = binary.AppendVarint(b, micros(f.CreatedAt))
	b = binary.AppendVarint(b, micros(f.CreatedAt)-micros(f.AuthTime))
	b = binary.AppendUvarint(b, uint64(f.Version))
	b = appendAddress(b, f.IPAddress)
	b = appendBytes(b, string(f.Secret))
	if !flag(familyOwnPath, f.Path == f.Tenant.String()) {
		b = appendBytes(b, f.Path)
	}
	if !flag(familyPassword, len(f.Methods) == 1 && f.Methods[0] == "pwd") {
		b = binary.AppendUvarint(b, uint64(len(f.Methods)))
		for _, m := range f.Methods {
			b = appendBytes(b, m)
		}
	}
	scope := f.Scope
	if !flag(familyRawScope, strings.ContainsAny(scope, "\x01\x02\x03\x04\x05\x06")) {
		scope = shorten.Replace(scope)
	}
	for _, s := range []string{scope, f.Resource, f.Claims} {
		b = appendBytes(b, s)
	}
	return b, nil
}

func appendBytes(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errFamily = errors.New("sqlstore: a family is damaged")

// decodeFamily fills f, whose HomeTenant is set, from a blob.
func decodeFamily(f *authorization.Family, b []byte) error {
	if len(b) < 3 || int(b[2]) >= len(platforms) {
		return errFamily
	}
	if b[0] != familyVersion {
		return fmt.Errorf("sqlstore: a family has version %d, which is newer than this program", b[0])
	}
	flags := b[1]
	f.Refreshable, f.AskedAge, f.Platform = flags&familyRefreshable != 0, flags&familyAskedAge != 0, platforms[b[2]]
	r := &unpacker{rest: b[3:]}
	f.HomeUser, f.Session, f.Client = r.id(), r.id(), r.id()
	f.Tenant, f.User = f.HomeTenant, f.HomeUser
	if flags&familyGuest != 0 {
		if err := f.Tenant.UnmarshalText([]byte(r.id())); err != nil {
			return errFamily
		}
		f.User = r.id()
	}
	created := r.varint()
	f.CreatedAt, f.AuthTime = fromMicros(created), fromMicros(created-r.varint())
	f.Version = int(r.uvarint())
	f.IPAddress = r.address()
	f.Secret = []byte(r.text())
	if f.Path = f.Tenant.String(); flags&familyOwnPath == 0 {
		f.Path = r.text()
	}
	if flags&familyPassword != 0 {
		f.Methods = []string{"pwd"}
	} else {
		for n := r.uvarint(); n > 0 && !r.damaged; n-- {
			f.Methods = append(f.Methods, r.text())
		}
	}
	f.Scope, f.Resource, f.Claims = r.text(), r.text(), r.text()
	if flags&familyRawScope == 0 {
		f.Scope = restore.Replace(f.Scope)
	}
	if r.damaged || len(r.rest) > 0 {
		return errFamily
	}
	return nil
}

// unpacker reads a blob from its beginning; after a field that is not there it
// gives zero values.
type unpacker struct {
	rest    []byte
	damaged bool
}

func (r *unpacker) take(n uint64) []byte {
	if r.damaged || n > uint64(len(r.rest)) {
		r.damaged = true
		return nil
	}
	var got []byte
	got, r.rest = r.rest[:n], r.rest[n:]
	return got
}

// id reads a GUID; zeros are none.
func (r *unpacker) id() directory.ID {
	var b [16]byte
	copy(b[:], r.take(16))
	if b == ([16]byte{}) {
		return ""
	}
	return directory.IDFromBytes(b)
}

func (r *unpacker) varint() int64 {
	v, n := binary.Varint(r.rest)
	r.take(uint64(max(n, 0)))
	r.damaged = r.damaged || n <= 0
	return v
}

func (r *unpacker) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	r.take(uint64(max(n, 0)))
	r.damaged = r.damaged || n <= 0
	return v
}

func (r *unpacker) text() string { return string(r.take(r.uvarint())) }

func (r *unpacker) address() string {
	tag, field, rest, err := readField(r.rest)
	if err != nil {
		r.damaged = true
		return ""
	}
	r.rest = rest
	return addressText(tag, field)
}

// hour is the number of the hour that a time lies in, since 1970.
func hour(t time.Time) int64 { return t.Unix() / 3600 }
