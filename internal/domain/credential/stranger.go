package credential

import (
	"bytes"
	"container/list"
	"sync"
	"time"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// strangers counts failures of accounts that do not exist, as a LockoutStore
// counts those that do, in the memory of this node. It is bounded; whoever was
// seen least recently is forgotten first. Each try that could push another out
// has cost a hash.
type strangers struct {
	mu    sync.Mutex
	byUse *list.List // of *stranger, most recently seen first
	known map[strangerKey]*list.Element
}

type strangerKey struct {
	tenant   directory.TenantID
	id       directory.ID
	familiar bool
}

type stranger struct {
	key  strangerKey
	f    Failures
	last []byte // hash of the last wrong password
	seen time.Time
}

// maxStrangers bounds the memory; an entry takes about 300 bytes.
const maxStrangers = 20_000

func (s *strangers) failures(k strangerKey, now time.Time) Failures {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.known[k]; e != nil {
		if st := e.Value.(*stranger); now.Sub(st.seen) < ForgetFailures {
			return st.f
		}
	}
	return Failures{}
}

func (s *strangers) count(k strangerKey, hash []byte, now time.Time) Failures {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.take(k)
	if now.Sub(st.seen) >= ForgetFailures {
		st.f, st.last = Failures{}, nil
	}
	st.seen = now
	if bytes.Equal(st.last, hash) {
		return st.f
	}
	st.last = hash
	st.f.Count++
	if st.f.Count >= lockAfter {
		st.f.Count = 0
		st.f.Locks++
		st.f.LockedUntil = now.Add(lockFor(st.f.Locks))
	}
	return st.f
}

// take finds or makes the entry and moves it to the front.
func (s *strangers) take(k strangerKey) *stranger {
	if e := s.known[k]; e != nil {
		s.byUse.MoveToFront(e)
		return e.Value.(*stranger)
	}
	if s.known == nil {
		s.known, s.byUse = make(map[strangerKey]*list.Element), list.New()
	}
	st := &stranger{key: k}
	s.known[k] = s.byUse.PushFront(st)
	if s.byUse.Len() > maxStrangers {
		last := s.byUse.Back()
		delete(s.known, last.Value.(*stranger).key)
		s.byUse.Remove(last)
	}
	return st
}
