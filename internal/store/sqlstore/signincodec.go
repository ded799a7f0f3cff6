package sqlstore

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"time"
	"unicode/utf8"

	"github.com/sekisho-id/sekisho/internal/domain/audit"
)

// A sign-in record is one row: an id that carries its time, tenant and request
// as 16 bytes each, and the rest in one blob. There is one for every token ever
// issued, so each byte counts; columns are for what is looked up.
//
// The blob, version 1: version, kind, grant, method (a byte each), correlation
// id, client, principal, resource, credential (16 bytes each), lifetime in
// seconds (uvarint), signing key, address, and the user agent, which fills the
// remainder.

const (
	signInVersion = 1
	// maxSignIn is the most that a blob takes when the key id is a thumbprint;
	// the user agent is cut to fit.
	maxSignIn    = 160
	maxUserAgent = 40
	maxShortText = 100

	// Tags before the signing key and the address: a form of known length, or a
	// text of as many bytes as the tag says.
	tagThumbprint = 0xff // 20 bytes, written as base64url
	tagIPv4       = 0xfe
	tagIPv6       = 0xfd
)

// appendSignIn appends the blob of a record to b.
func appendSignIn(b []byte, s *audit.SignIn) []byte {
	start := len(b)
	b = append(b, signInVersion, byte(s.Kind), byte(s.Grant), byte(s.Method))
	for _, id := range [][16]byte{s.CorrelationID, s.ClientAppID, s.PrincipalID, s.ResourceID, s.CredentialID} {
		b = append(b, id[:]...)
	}
	b = binary.AppendUvarint(b, uint64(max(s.Lifetime, 0)/time.Second))
	b = appendKeyID(b, s.KeyID)
	b = appendAddress(b, s.IPAddress)
	room := min(maxUserAgent, max(0, maxSignIn-(len(b)-start)))
	return append(b, cut(s.UserAgent, room)...)
}

func appendKeyID(b []byte, kid string) []byte {
	var sum [20]byte
	n, err := base64.RawURLEncoding.Strict().Decode(sum[:], []byte(cut(kid, 27)))
	if err == nil && n == len(sum) && len(kid) == 27 {
		return append(append(b, tagThumbprint), sum[:]...)
	}
	return appendText(b, kid)
}

func appendAddress(b []byte, address string) []byte {
	addr, err := netip.ParseAddr(address)
	switch {
	case err != nil || addr.String() != address || addr.Zone() != "":
		return appendText(b, address)
	case addr.Is4():
		four := addr.As4()
		return append(append(b, tagIPv4), four[:]...)
	default:
		all := addr.As16()
		return append(append(b, tagIPv6), all[:]...)
	}
}

func appendText(b []byte, s string) []byte {
	s = cut(s, maxShortText)
	return append(append(b, byte(len(s))), s...)
}

// cut shortens s to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

var errSignIn = errors.New("sqlstore: a sign-in record is damaged")

// readSignIn fills s from a blob.
func readSignIn(s *audit.SignIn, b []byte) error {
	if len(b) < 4+5*16+1 {
		return errSignIn
	}
	if b[0] != signInVersion {
		return fmt.Errorf("sqlstore: a sign-in record has version %d, which is newer than this program", b[0])
	}
	s.Kind, s.Grant, s.Method = audit.Kind(b[1]), audit.Grant(b[2]), audit.ClientMethod(b[3])
	b = b[4:]
	for _, id := range []*[16]byte{&s.CorrelationID, &s.ClientAppID, &s.PrincipalID, &s.ResourceID, &s.CredentialID} {
		b = b[copy(id[:], b):]
	}
	seconds, n := binary.Uvarint(b)
	if n <= 0 || seconds > uint64(1<<63-1)/uint64(time.Second) {
		return errSignIn
	}
	s.Lifetime = time.Duration(seconds) * time.Second
	tag, field, b, err := readField(b[n:])
	if err != nil {
		return err
	}
	s.KeyID = string(field)
	if tag == tagThumbprint {
		s.KeyID = base64.RawURLEncoding.EncodeToString(field)
	}
	tag, field, b, err = readField(b)
	if err != nil {
		return err
	}
	s.IPAddress, s.UserAgent = addressText(tag, field), string(b)
	return nil
}

// addressText is what appendAddress was given.
func addressText(tag byte, field []byte) string {
	if tag == tagIPv4 || tag == tagIPv6 {
		addr, _ := netip.AddrFromSlice(field)
		return addr.String()
	}
	return string(field)
}

func readField(b []byte) (tag byte, field, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, nil, errSignIn
	}
	tag = b[0]
	n := int(tag)
	switch tag {
	case tagThumbprint:
		n = 20
	case tagIPv4:
		n = 4
	case tagIPv6:
		n = 16
	}
	if len(b) < 1+n {
		return 0, nil, nil, errSignIn
	}
	return tag, b[1 : 1+n], b[1+n:], nil
}

// signInEpoch is 2020-01-01 in microseconds: 51 bits last from then to 2091.
const signInEpoch = 1_577_836_800_000_000

func signInID(at time.Time, low uint32) int64 {
	return (at.UnixMicro()-signInEpoch)<<12 | int64(low&0xfff)
}

func signInTime(id int64) time.Time { return time.UnixMicro(id>>12 + signInEpoch).UTC() }
