package view

import (
	"context"
	"fmt"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// Follower brings the changes of other processes to this one. It is used by one
// goroutine.
type Follower struct {
	feed  directory.ChangeFeed
	view  *View
	on    func([]directory.Change)
	known map[directory.TenantID]int64
}

// NewFollower follows feed from its present end; the view must be empty then.
// on, if not nil, also hears of every change: signing keys are kept elsewhere.
func NewFollower(ctx context.Context, feed directory.ChangeFeed, v *View, on func([]directory.Change)) (*Follower, error) {
	known, err := feed.Positions(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the change feed: %w", err)
	}
	return &Follower{feed: feed, view: v, on: on, known: known}, nil
}

// followLimit bounds one read of the feed.
const followLimit = 1000

// Follow reads the feed once, to its end.
func (f *Follower) Follow(ctx context.Context) error {
	positions, err := f.feed.Positions(ctx)
	if err != nil {
		return fmt.Errorf("reading the change feed: %w", err)
	}
	for tenant, newest := range positions {
		for f.known[tenant] < newest {
			if err := f.tenant(ctx, tenant); err != nil {
				return err
			}
		}
	}
	f.view.Seen()
	return nil
}

func (f *Follower) tenant(ctx context.Context, t directory.TenantID) error {
	changes, err := f.feed.ChangesAfter(ctx, t, f.known[t], followLimit)
	if err != nil {
		return fmt.Errorf("reading the changes of tenant %s: %w", t, err)
	}
	if len(changes) == 0 || changes[0].Seq != f.known[t]+1 {
		// Older entries were swept before this node saw them.
		f.view.Forget()
		if f.on != nil {
			f.on([]directory.Change{{Tenant: t, Kind: directory.ChangedSigningKeys}})
		}
	}
	if len(changes) == 0 {
		positions, err := f.feed.Positions(ctx)
		if err != nil {
			return fmt.Errorf("reading the change feed: %w", err)
		}
		f.known[t] = positions[t]
		return nil
	}
	f.view.Apply(changes)
	if f.on != nil {
		f.on(changes)
	}
	f.known[t] = changes[len(changes)-1].Seq
	return nil
}
