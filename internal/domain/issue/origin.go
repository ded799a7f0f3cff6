package issue

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// An origin is where an access token of a person comes from. It travels in `aio`,
// which is opaque to everyone else; our own resources read it to ask whether the
// token still counts.
type origin struct {
	home   directory.TenantID
	family directory.ID
	// issued is when the token was really issued, to the microsecond: `iat` is
	// backdated.
	issued time.Time
}

const (
	originFormat = 1
	originSize   = 1 + 16 + 16 + 8
)

var errOrigin = errors.New("issue: not an origin")

func (o origin) String() string {
	var b [originSize]byte
	b[0] = originFormat
	home, family := o.home.Bytes(), o.family.Bytes()
	copy(b[1:], home[:])
	copy(b[17:], family[:])
	binary.BigEndian.PutUint64(b[33:], uint64(o.issued.UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func parseOrigin(aio string) (origin, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(aio)
	// One spelling for each origin; the decoder skips line breaks.
	if err != nil || len(aio) != base64.RawURLEncoding.EncodedLen(originSize) || len(b) != originSize || b[0] != originFormat {
		return origin{}, errOrigin
	}
	home, err := directory.ParseTenantID(string(directory.IDFromBytes([16]byte(b[1:17]))))
	if err != nil {
		return origin{}, errOrigin
	}
	return origin{
		home: home, family: directory.IDFromBytes([16]byte(b[17:33])),
		issued: time.UnixMicro(int64(binary.BigEndian.Uint64(b[33:]))).UTC(),
	}, nil
}
