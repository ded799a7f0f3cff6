package audit

import (
	"context"
	"errors"
	"time"
)

// ErrNoRecord is returned for a request id without a sign-in record.
var ErrNoRecord = errors.New("audit: no such sign-in record")

// Act is something that is written together with a sign-in record, through
// another store of the same database and with the context that it is called with:
// that one may carry the transaction. It may be called again where what it wrote was
// undone.
type Act func(context.Context) error

// SignIns keeps sign-in records. Tenants and request ids are the 16 bytes of
// their GUIDs.
type SignIns interface {
	// AppendSignIns writes the batch in one durable transaction: when it
	// returns nil, every record survives the loss of the process and of power.
	AppendSignIns(ctx context.Context, batch []*SignIn) error
	// AppendWith is AppendSignIns for records that come with acts. Where it can, it
	// does all in one commit. Every record is written, whatever an act says. What
	// the acts said is in the slice, in their order; nil means that it was done and
	// is durable.
	AppendWith(ctx context.Context, batch []*SignIn, acts []Act) ([]error, error)
	// SignIn finds the record of a request; ErrNoRecord without one.
	SignIn(ctx context.Context, tenant, requestID [16]byte) (*SignIn, error)
	// SweepSignIns removes records older than the time, at most limit, and says
	// how many.
	SweepSignIns(ctx context.Context, before time.Time, limit int) (int, error)
}

// Refusals counts refusals of known clients, summed per client, code and
// minute, so that a flood of them does not grow the database.
type Refusals interface {
	// AddRefusals adds the counts to the rows of their minute.
	AddRefusals(ctx context.Context, sums []RefusalSum) error
	SweepRefusals(ctx context.Context, before time.Time, limit int) (int, error)
}

// RefusalSum is how often a client was refused with a code in a minute.
type RefusalSum struct {
	Tenant      [16]byte
	Minute      time.Time
	ClientAppID [16]byte
	Code        int // AADSTS number, 0 for a failure of the platform, 403 for a call of Graph that was denied
	Count       int
	// Sample is the trace id of one of them.
	Sample [16]byte
}
