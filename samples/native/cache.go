package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/AzureAD/microsoft-authentication-library-for-go/apps/cache"
)

// fileCache keeps MSAL's cache between runs, in a file that only this person can
// read. The refresh token in it is worth a password: where the system has a store
// for such things (Keychain, DPAPI, libsecret), use that instead.
type fileCache struct{ path string }

// Replace implements cache.ExportReplace.
func (f *fileCache) Replace(_ context.Context, c cache.Unmarshaler, _ cache.ReplaceHints) error {
	text, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return c.Unmarshal(text)
}

// Export implements cache.ExportReplace. The file is replaced whole, so that
// another run never meets half of it.
func (f *fileCache) Export(_ context.Context, c cache.Marshaler, _ cache.ExportHints) error {
	text, err := c.Marshal()
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(f.path), ".native-") // readable by its owner alone
	if err != nil {
		return err
	}
	_, err = next.Write(text)
	if err = errors.Join(err, next.Close()); err == nil {
		err = os.Rename(next.Name(), f.path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(next.Name()))
	}
	return nil
}
