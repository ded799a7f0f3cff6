package envelope

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A KeyWrapper is the key-encryption key: it wraps data keys with a key that
// never lies in the database. Owner is bound to the result, so that the wrapped
// key of one tenant cannot stand in for that of another.
type KeyWrapper interface {
	Wrap(ctx context.Context, owner string, dataKey []byte) (wrapped []byte, err error)
	// Unwrap fails with ErrWrongKey for what another key wrapped, and with
	// ErrDamaged for what was altered.
	Unwrap(ctx context.Context, owner string, wrapped []byte) (dataKey []byte, err error)
}

// ErrWrongKey is returned where the key-encryption key is not the one that the
// database was made with.
var ErrWrongKey = errors.New("the key-encryption key is not the one that this database was made with; give the server the original key")

// ErrDamaged is returned for a sealed value that was altered, or moved to
// another table, tenant or row.
var ErrDamaged = errors.New("envelope: sealed value is damaged or not where it was written")

const keySize = 32

// Local is a key-encryption key held in memory: 32 random bytes that came from
// a file or the environment.
type Local struct {
	id   [8]byte
	aead cipher.AEAD
}

// What wrapping writes: format, id of the wrapping key, then nonce, ciphertext
// and tag.
const (
	wrapFormat   = 1
	wrapOverhead = 1 + 8
)

// NewLocal makes a wrapper from a key of 32 bytes. Keys that were typed, copied
// from an example or otherwise not drawn at random are refused.
func NewLocal(key []byte) (*Local, error) {
	if err := checkStrength(key); err != nil {
		return nil, err
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	l := &Local{aead: aead}
	sum := sha256.Sum256(append([]byte("sekisho key-encryption key id\x00"), key...))
	copy(l.id[:], sum[:])
	return l, nil
}

// ParseKey makes a wrapper from the base64 text of a key, as the environment
// carries it. The error never quotes the text.
func ParseKey(text string) (*Local, error) {
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil {
		return nil, errors.New("the key-encryption key is not base64; make one with: openssl rand -base64 32")
	}
	return NewLocal(key)
}

// ReadKeyFile makes a wrapper from a file that holds the base64 text of a key
// and that only its owner may read.
func ReadKeyFile(path string) (*Local, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("key file %s can be read by others; run: chmod 600 %s", path, path)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	l, err := ParseKey(string(text))
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return l, nil
}

// CreateKeyFile draws a key from rand and writes it to a new file of mode 0600.
// A file that exists is never overwritten (fs.ErrExist): the key in it may be
// the only way to read a database.
func CreateKeyFile(path string, rand io.Reader) (*Local, error) {
	key := make([]byte, keySize)
	if _, err := io.ReadFull(rand, key); err != nil {
		return nil, err
	}
	l, err := NewLocal(key)
	if err != nil {
		return nil, err
	}
	// Written aside and linked into place: a crash must not leave half a key
	// under the name.
	tmp, err := os.CreateTemp(filepath.Dir(path), ".kek-*") // 0600
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	_, err = tmp.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err == nil {
		err = tmp.Sync()
	}
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = putInPlace(tmp.Name(), path)
	}
	if err != nil {
		return nil, fmt.Errorf("key-encryption key: %w", err)
	}
	return l, nil
}

// putInPlace gives a finished file its name, unless the name is taken.
func putInPlace(tmp, path string) error {
	err := os.Link(tmp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// Some file systems have no hard links.
	if _, err := os.Lstat(path); err == nil {
		return fs.ErrExist
	}
	return os.Rename(tmp, path)
}

// ReadOrCreateKeyFile reads the key file, or makes it where there is none.
func ReadOrCreateKeyFile(path string, rand io.Reader) (*Local, error) {
	l, err := ReadKeyFile(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return l, err
	}
	l, err = CreateKeyFile(path, rand)
	if errors.Is(err, fs.ErrExist) { // another process was faster
		return ReadKeyFile(path)
	}
	return l, err
}

// Wrap implements KeyWrapper.
func (l *Local) Wrap(_ context.Context, owner string, dataKey []byte) ([]byte, error) {
	out := make([]byte, wrapOverhead, wrapOverhead+len(dataKey)+l.aead.Overhead())
	out[0] = wrapFormat
	copy(out[1:], l.id[:])
	return l.aead.Seal(out, nil, dataKey, additionalData("data key", owner)), nil
}

// Unwrap implements KeyWrapper.
func (l *Local) Unwrap(_ context.Context, owner string, wrapped []byte) ([]byte, error) {
	if len(wrapped) < wrapOverhead || wrapped[0] != wrapFormat {
		return nil, ErrDamaged
	}
	if string(wrapped[1:wrapOverhead]) != string(l.id[:]) {
		return nil, ErrWrongKey
	}
	key, err := l.aead.Open(nil, nil, wrapped[wrapOverhead:], additionalData("data key", owner))
	if err != nil {
		return nil, ErrDamaged
	}
	return key, nil
}

// checkStrength refuses keys that no random source gives. Of true random keys
// it refuses fewer than one in 10^13.
func checkStrength(key []byte) error {
	if len(key) != keySize {
		return fmt.Errorf("the key-encryption key has %d bytes instead of %d; make one with: openssl rand -base64 32", len(key), keySize)
	}
	var seen [256]bool
	distinct, text, steady := 0, true, true
	for i, b := range key {
		if !seen[b] {
			seen[b], distinct = true, distinct+1
		}
		text = text && b >= ' ' && b <= '~'
		steady = steady && (i < 2 || b-key[i-1] == key[1]-key[0])
	}
	if distinct < 16 || text || steady {
		return errors.New("the key-encryption key is not random (a sample, a pattern or typed text); make one with: openssl rand -base64 32")
	}
	return nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	// The nonce is drawn by the cipher itself and stands before the ciphertext.
	return cipher.NewGCMWithRandomNonce(block)
}
