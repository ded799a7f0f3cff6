package bearer

import (
	"crypto/sha256"
	"sync"
)

// A digest identifies a token in the cache. Tokens themselves are not kept, so a dump
// of memory shows none that can be used.
type digest [sha256.Size]byte

// digestOf hashes raw without moving it to the heap, if it has a usual length.
func digestOf(raw string) digest {
	var buf [4096]byte
	if len(raw) <= len(buf) {
		return sha256.Sum256(buf[:copy(buf[:], raw)])
	}
	return sha256.Sum256([]byte(raw))
}

// A remembered token is one whose signature was found good.
type remembered struct {
	claims *Claims
	kid    string
	print  [sha256.Size]byte // of the key
	issuer issuer
	// expected is the issuer of the document, possibly with the placeholder.
	expected issuer
}

// A cache remembers good tokens. It has two generations: entries go into the young
// one, and when that is full it becomes the old one, whose entries are forgotten.
// An old entry that is used goes into the young one again. So what is used stays,
// reading needs no bookkeeping, and there are never more entries than size.
type cache struct {
	half    int  // entries of one generation; 0 remembers nothing
	keepOld bool // there may be two generations

	mu    sync.RWMutex
	young map[digest]*remembered
	old   map[digest]*remembered
}

func newCache(size int) *cache {
	c := &cache{half: max(size, 0) / 2, keepOld: size > 1, young: make(map[digest]*remembered)}
	if size == 1 {
		c.half = 1
	}
	return c
}

func (c *cache) get(d digest) *remembered {
	if c.half == 0 {
		return nil
	}
	c.mu.RLock()
	r, young := c.young[d]
	if !young {
		r = c.old[d]
	}
	c.mu.RUnlock()
	if r != nil && !young {
		c.put(d, r)
	}
	return r
}

func (c *cache) put(d digest, r *remembered) {
	if c.half == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, there := c.young[d]; !there && len(c.young) >= c.half {
		if c.keepOld {
			c.old = c.young
		}
		c.young = make(map[digest]*remembered)
	}
	c.young[d] = r
	delete(c.old, d)
}

func (c *cache) drop(d digest) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.young, d)
	delete(c.old, d)
}

// size is the number of remembered tokens.
func (c *cache) size() int {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return len(c.young) + len(c.old)
}
