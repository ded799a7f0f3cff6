package signin

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/sekisho-id/sekisho/internal/domain/envelope"
	"github.com/sekisho-id/sekisho/internal/domain/signin"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

const transactions = "transaction"

// seal makes of a transaction the text of the hidden field. It opens only beside
// the browser's binding: a page that somebody copies elsewhere is worth nothing.
func (e *Endpoint) seal(ctx context.Context, tx *signin.Transaction, binding []byte) (string, error) {
	plain, err := json.Marshal(tx)
	if err != nil {
		return "", fmt.Errorf("sealing a transaction: %w", err)
	}
	sealed, err := e.Sealer.Seal(ctx, envelope.InstallationOwner, transactions, hex.EncodeToString(binding), plain)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// open reads the hidden field of a posted page. Only transactions of known
// purposes come out.
func (e *Endpoint) open(ctx context.Context, text string, binding []byte) (*signin.Transaction, error) {
	if len(binding) == 0 {
		return nil, aadsts.New(aadsts.InvalidInput, "the browser sent no cookie")
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil, aadsts.New(aadsts.InvalidInput, "the state of the page is damaged")
	}
	plain, err := e.Sealer.Open(ctx, envelope.InstallationOwner, transactions, hex.EncodeToString(binding), sealed)
	if err != nil {
		return nil, aadsts.New(aadsts.InvalidInput, "the page belongs to another browser, or is damaged").Because(err)
	}
	tx := new(signin.Transaction)
	if err := json.Unmarshal(plain, tx); err != nil {
		return nil, fmt.Errorf("opening a transaction: %w", err)
	}
	return tx, nil
}
