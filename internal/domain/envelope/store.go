package envelope

import (
	"context"
	"errors"
)

// ErrNoDataKey is returned where a tenant has no data key yet.
var ErrNoDataKey = errors.New("envelope: no data key")

// Store keeps wrapped data keys. Owner is a tenant id, or the all-zero GUID for
// the installation.
type Store interface {
	DataKey(ctx context.Context, owner string) (wrapped []byte, err error)
	// CreateDataKey writes the key unless the owner has one, and returns the one
	// that stands: of two nodes that start at once, both get the same.
	CreateDataKey(ctx context.Context, owner string, wrapped []byte) (stands []byte, err error)
}
