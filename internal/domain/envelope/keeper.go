package envelope

import (
	"container/list"
	"context"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// InstallationOwner owns the data key of what belongs to no tenant.
const InstallationOwner = "00000000-0000-0000-0000-000000000000"

// Config is what a Keeper needs.
type Config struct {
	Store   Store
	Wrapper KeyWrapper
	Rand    io.Reader // data keys are drawn from it
	// CacheSize is how many owners' data keys stay unwrapped in memory, 0 for
	// 1024. The least recently used leave first.
	CacheSize int
}

// Keeper seals and opens secrets with the data key of their owner, and derives
// keys from it. An owner's data key is made when something is first sealed or
// derived for it. It is safe for concurrent use.
type Keeper struct {
	cfg Config

	mu     sync.Mutex
	byUse  *list.List // of *dataKey, most recently used first
	owners map[string]*list.Element
}

// dataKey is one owner's key, ready for use. Sealing and deriving use separate
// keys made from the stored one.
type dataKey struct {
	owner  string
	aead   cipher.AEAD
	secret []byte

	mu      sync.Mutex
	derived map[derivation][]byte
}

type derivation struct {
	purpose string
	n       int
}

// Purposes are constants of the program; more of them than this are derived
// anew each time rather than kept.
const maxDerived = 32

const sealFormat = 1

// NewKeeper makes a Keeper.
func NewKeeper(cfg Config) (*Keeper, error) {
	if cfg.Store == nil || cfg.Wrapper == nil || cfg.Rand == nil {
		return nil, errors.New("envelope: Config needs Store, Wrapper and Rand")
	}
	if cfg.CacheSize <= 0 {
		cfg.CacheSize = 1024
	}
	return &Keeper{cfg: cfg, byUse: list.New(), owners: make(map[string]*list.Element)}, nil
}

// Check makes sure at start that the key-encryption key fits the database: it
// unwraps the installation's data key, or makes it in an empty database. The
// error is ErrWrongKey if it does not fit.
func (k *Keeper) Check(ctx context.Context) error {
	_, err := k.dataKey(ctx, InstallationOwner, true)
	return err
}

// Seal encrypts plaintext for one place: the row of the table of the owner.
// Opened anywhere else it is refused.
func (k *Keeper) Seal(ctx context.Context, owner, table, row string, plaintext []byte) ([]byte, error) {
	dk, err := k.dataKey(ctx, owner, true)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 1, 1+len(plaintext)+dk.aead.Overhead())
	out[0] = sealFormat
	return dk.aead.Seal(out, nil, plaintext, additionalData(table, owner, row)), nil
}

// Open decrypts what Seal made for the same owner, table and row; ErrDamaged
// for anything else, ErrNoDataKey if the owner has no data key.
func (k *Keeper) Open(ctx context.Context, owner, table, row string, sealed []byte) ([]byte, error) {
	dk, err := k.dataKey(ctx, owner, false)
	if err != nil {
		return nil, err
	}
	if len(sealed) < 1 || sealed[0] != sealFormat {
		return nil, ErrDamaged
	}
	plain, err := dk.aead.Open(nil, nil, sealed[1:], additionalData(table, owner, row))
	if err != nil {
		return nil, ErrDamaged
	}
	return plain, nil
}

// Derive gives n bytes of key for one purpose of the owner (HKDF-SHA-256, RFC
// 5869). The same owner, purpose and n always give the same bytes, different
// ones unrelated bytes. The caller owns the result.
func (k *Keeper) Derive(ctx context.Context, owner, purpose string, n int) ([]byte, error) {
	dk, err := k.dataKey(ctx, owner, true)
	if err != nil {
		return nil, err
	}
	return dk.derive(purpose, n)
}

func (dk *dataKey) derive(purpose string, n int) ([]byte, error) {
	d := derivation{purpose, n}
	dk.mu.Lock()
	defer dk.mu.Unlock()
	key, ok := dk.derived[d]
	if !ok {
		var err error
		// n stands in the info: without it a short key would be the beginning of
		// a longer one.
		info := fmt.Sprintf("derive %d %s", n, purpose)
		if key, err = hkdf.Key(sha256.New, dk.secret, nil, info, n); err != nil {
			return nil, fmt.Errorf("envelope: derive: %w", err)
		}
		if len(dk.derived) < maxDerived {
			dk.derived[d] = key
		}
	}
	return append([]byte(nil), key...), nil
}

func (k *Keeper) dataKey(ctx context.Context, owner string, create bool) (*dataKey, error) {
	if owner == "" {
		return nil, errors.New("envelope: no owner given")
	}
	if dk := k.cached(owner); dk != nil {
		return dk, nil
	}
	wrapped, err := k.cfg.Store.DataKey(ctx, owner)
	if errors.Is(err, ErrNoDataKey) && create {
		wrapped, err = k.create(ctx, owner)
	}
	if err != nil {
		return nil, err
	}
	secret, err := k.cfg.Wrapper.Unwrap(ctx, owner, wrapped)
	if err != nil {
		return nil, fmt.Errorf("data key of %s: %w", owner, err)
	}
	if len(secret) != keySize {
		return nil, fmt.Errorf("data key of %s: %w", owner, ErrDamaged)
	}
	sealing, err := hkdf.Key(sha256.New, secret, nil, "seal", keySize)
	if err != nil {
		return nil, err
	}
	aead, err := newAEAD(sealing)
	if err != nil {
		return nil, err
	}
	return k.keep(&dataKey{owner: owner, aead: aead, secret: secret, derived: make(map[derivation][]byte)}), nil
}

// create draws a data key. Another node may do the same at once; the store
// says which of both stands.
func (k *Keeper) create(ctx context.Context, owner string) ([]byte, error) {
	key := make([]byte, keySize)
	if _, err := io.ReadFull(k.cfg.Rand, key); err != nil {
		return nil, err
	}
	wrapped, err := k.cfg.Wrapper.Wrap(ctx, owner, key)
	if err != nil {
		return nil, err
	}
	return k.cfg.Store.CreateDataKey(ctx, owner, wrapped)
}

func (k *Keeper) cached(owner string) *dataKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	e := k.owners[owner]
	if e == nil {
		return nil
	}
	k.byUse.MoveToFront(e)
	return e.Value.(*dataKey)
}

func (k *Keeper) keep(dk *dataKey) *dataKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	if e := k.owners[dk.owner]; e != nil { // loaded twice at once
		return e.Value.(*dataKey)
	}
	k.owners[dk.owner] = k.byUse.PushFront(dk)
	for k.byUse.Len() > k.cfg.CacheSize {
		last := k.byUse.Back()
		delete(k.owners, last.Value.(*dataKey).owner)
		k.byUse.Remove(last)
	}
	return dk
}

// additionalData joins the parts with their lengths, so that no two lists of
// parts give the same bytes.
func additionalData(parts ...string) []byte {
	n := 0
	for _, p := range parts {
		n += 4 + len(p)
	}
	out := make([]byte, 0, n)
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p)))
		out = append(out, p...)
	}
	return out
}
