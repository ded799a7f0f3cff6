package server

import (
	"sync/atomic"
	"time"
)

// Clock is the time of the server. In development mode it can be moved; every
// part asks it, so that expiry, rotation and sweeping move together.
type Clock struct{ offset atomic.Int64 }

// Now is the time, in UTC.
func (c *Clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load())).UTC()
}

// Advance moves the clock by d, which may be negative.
func (c *Clock) Advance(d time.Duration) { c.offset.Add(int64(d)) }

// Reset returns to the time of the machine.
func (c *Clock) Reset() { c.offset.Store(0) }
