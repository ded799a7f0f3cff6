package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sekisho-id/sekisho/internal/config"
	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/domain/signingkey"
)

// keysFlags say which installation's keys.
type keysFlags struct {
	config configFlag
	data   string
}

func (f *keysFlags) read(s *shared) (config.Config, error) {
	if f.data == "" {
		return f.config.read(s)
	}
	if f.config.path != "" {
		return config.Config{}, usagef("give --config or --data, not both")
	}
	c := config.Default()
	c.DataDir = f.data
	return c, nil
}

func keysCommand(s *shared) *cobra.Command {
	f := &keysFlags{}
	c := parentCommand("keys", "List, roll and revoke signing keys",
		keysListCommand(s, f), keysRollCommand(s, f), keysRevokeCommand(s, f))
	c.Long = `Works on the database of the configuration, whether its servers run or not; running
ones follow within a second.`
	f.config.add(c.PersistentFlags())
	c.PersistentFlags().StringVar(&f.data, "data", "", "data folder of sekisho dev, instead of a configuration (default: sekisho-data)")
	return c
}

// keyItem is a key in a list.
type keyItem struct {
	KID       string `json:"kid"`
	Ring      string `json:"ring"`
	Algorithm string `json:"algorithm"`
	State     string `json:"state"`
	Created   string `json:"created"`
	Published string `json:"published,omitempty"`
	Activated string `json:"activated,omitempty"`
	Retired   string `json:"retired,omitempty"`
	Expires   string `json:"expires,omitempty"`
	Revoked   string `json:"revoked,omitempty"`
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// showKeys lists all keys of the ring, oldest first.
func (s *shared) showKeys(ctx context.Context, ring *signingkey.Keyring) error {
	keys, err := ring.List(ctx)
	if err != nil {
		return err
	}
	items := []keyItem{}
	rows := [][]string{}
	for _, k := range keys {
		t := k.Times()
		item := keyItem{
			KID: k.KID(), Ring: k.Ring(), Algorithm: k.Algorithm(), State: k.State(s.Now()),
			Created: stamp(t.CreatedAt), Published: stamp(t.PublishAt), Activated: stamp(t.ActivateAt),
			Retired: stamp(t.RetireAt), Expires: stamp(t.ExpireAt), Revoked: stamp(t.RevokedAt),
		}
		items = append(items, item)
		rows = append(rows, []string{item.KID, item.Ring, item.Algorithm, item.State, item.Created, item.Activated, item.Expires})
	}
	if s.json() {
		return s.writeJSON(items)
	}
	s.writeTable([]string{"kid", "ring", "algorithm", "state", "created", "signs from", "expires"}, rows)
	return nil
}

func keysListCommand(s *shared, f *keysFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the signing keys",
		Long: `Lists the signing keys with what each does now: waiting (not yet shown), next (shown,
will sign), active (signs), retired (verifies what it signed), expired, revoked.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.read(s)
			if err != nil {
				return err
			}
			return withKeys(cmd.Context(), s, c, func(k *signingkey.Keyring) error { return s.showKeys(cmd.Context(), k) })
		},
	}
}

func keysRollCommand(s *shared, f *keysFlags) *cobra.Command {
	var now bool
	c := &cobra.Command{
		Use:   "roll",
		Short: "Sign with the next keys from now on",
		Long: `Lets the next key of each ring sign from now on. It has been published for a day, so
those who verify tokens know it. The former key stays published until the last token
that it signed has expired.

With --now, keys are made anew and sign at once: those who verify tokens must fetch
the key set again first, and will see failures until they do.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := f.read(s)
			if err != nil {
				return err
			}
			return withKeys(cmd.Context(), s, c, func(k *signingkey.Keyring) error {
				by := directory.Platform(directory.Installation)
				if now {
					err = k.Roll(cmd.Context(), by)
				} else if err = k.EnsureNext(cmd.Context()); err == nil {
					err = k.Promote(cmd.Context(), by)
				}
				if errors.Is(err, signingkey.ErrTooSoon) {
					return errors.New("the next keys have not been published for a day yet, so verifiers may not know them; wait, or roll with --now")
				}
				if err != nil {
					return err
				}
				return s.showKeys(cmd.Context(), k)
			})
		},
	}
	c.Flags().BoolVar(&now, "now", false, "make new keys and sign with them at once")
	return c
}

func keysRevokeCommand(s *shared, f *keysFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "revoke KID",
		Short: "Withdraw a key that must not be trusted any more",
		Long: `Withdraws a key at once: it neither signs nor verifies, and every token that it
signed is invalid as soon as those who verify have fetched the key set again. If it
is the key that signs, another takes over.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := f.read(s)
			if err != nil {
				return err
			}
			return withKeys(cmd.Context(), s, c, func(k *signingkey.Keyring) error {
				err := k.Revoke(cmd.Context(), directory.Platform(directory.Installation), args[0])
				if errors.Is(err, signingkey.ErrUnknownKey) {
					return fmt.Errorf("there is no key %s; sekisho keys list shows them", args[0])
				}
				if err != nil {
					return err
				}
				return s.showKeys(cmd.Context(), k)
			})
		},
	}
}
