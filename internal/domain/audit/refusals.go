package audit

import (
	"context"
	"sync"
	"time"
)

// RefusalCounter sums refusals of known clients in memory until they are
// written. It holds a bounded number of sums; beyond it only the log and the
// metrics see a refusal.
type RefusalCounter struct {
	most int
	mu   sync.Mutex
	sums map[refusalKey]*RefusalSum
}

type refusalKey struct {
	tenant, client [16]byte
	code           int
	minute         int64
}

// NewRefusalCounter holds at most most sums.
func NewRefusalCounter(most int) *RefusalCounter {
	return &RefusalCounter{most: most, sums: make(map[refusalKey]*RefusalSum)}
}

// Add counts one refusal.
func (c *RefusalCounter) Add(at time.Time, tenant, client [16]byte, code int, request [16]byte) {
	minute := at.UTC().Truncate(time.Minute)
	key := refusalKey{tenant, client, code, minute.Unix()}
	c.mu.Lock()
	defer c.mu.Unlock()
	if sum, ok := c.sums[key]; ok {
		sum.Count++
		return
	}
	if len(c.sums) >= c.most {
		return
	}
	c.sums[key] = &RefusalSum{Tenant: tenant, Minute: minute, ClientAppID: client, Code: code, Count: 1, Sample: request}
}

// Flush writes the sums and starts anew; on failure they are kept.
func (c *RefusalCounter) Flush(ctx context.Context, store Refusals) error {
	c.mu.Lock()
	taken := c.sums
	c.sums = make(map[refusalKey]*RefusalSum)
	c.mu.Unlock()
	if len(taken) == 0 {
		return nil
	}
	sums := make([]RefusalSum, 0, len(taken))
	for _, s := range taken {
		sums = append(sums, *s)
	}
	err := store.AddRefusals(ctx, sums)
	if err != nil {
		c.mu.Lock()
		for k, s := range taken {
			if have, ok := c.sums[k]; ok {
				have.Count += s.Count
			} else if len(c.sums) < c.most {
				c.sums[k] = s
			}
		}
		c.mu.Unlock()
	}
	return err
}
