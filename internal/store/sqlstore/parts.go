package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
)

// parts are what an application and a service principal hold in tables beside
// their document, in the order in which the owner lists them.
type parts struct {
	passwords []directory.PasswordCredential
	keys      []directory.KeyCredential
	federated []directory.FederatedIdentityCredential
	owners    []directory.Owner
}

// A statement for many ids takes batchSize of them, and the last batch repeats
// one, so that the text stays a constant; most reads are of a single object and
// have a text of their own.
const (
	batchSize = 64
	oneObject = ` AND object_id = $2`
	batch     = ` AND object_id IN (
		$2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
		$18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33,
		$34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49,
		$50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, $63, $64, $65)`
)

const credentialColumns = `object_id, kind, key_id, display_name, start_at, end_at, custom_key_identifier, hint, hash,
	type, key_usage, der, sha1, sha256`

const (
	credentialsOf = `SELECT ` + credentialColumns + ` FROM credentials WHERE tenant_id = $1`
	federatedOf   = `SELECT object_id, id, name, issuer, subject, audiences, description FROM federated_credentials WHERE tenant_id = $1`
	ownersOf      = `SELECT object_id, owner_id, owner_kind FROM owners WHERE tenant_id = $1`

	selectCredentials     = credentialsOf + oneObject + ` ORDER BY kind, position`
	selectFederated       = federatedOf + oneObject + ` ORDER BY position`
	selectOwners          = ownersOf + oneObject + ` ORDER BY position`
	selectManyCredentials = credentialsOf + batch + ` ORDER BY object_id, kind, position`
	selectManyFederated   = federatedOf + batch + ` ORDER BY object_id, position`
	selectManyOwners      = ownersOf + batch + ` ORDER BY object_id, position`
)

// readParts reads the parts of objects of one tenant.
func (s *session) readParts(ctx context.Context, t directory.TenantID, ids []directory.ID) (map[directory.ID]*parts, error) {
	got := make(map[directory.ID]*parts, len(ids))
	for _, id := range ids {
		got[id] = &parts{}
	}
	for chunk := range slices.Chunk(slices.Sorted(maps.Keys(got)), batchSize) {
		args := []any{t, chunk[0]}
		credentials, federated, owners := selectCredentials, selectFederated, selectOwners
		if len(chunk) > 1 {
			args = repeat([]any{t}, chunk)
			credentials, federated, owners = selectManyCredentials, selectManyFederated, selectManyOwners
		}
		err := s.each(ctx, credentials, args, func(r *sql.Rows) error { return scanCredential(r, got) })
		if err != nil {
			return nil, err
		}
		err = s.each(ctx, federated, args, func(r *sql.Rows) error { return scanFederated(r, got) })
		if err != nil {
			return nil, err
		}
		err = s.each(ctx, owners, args, func(r *sql.Rows) error {
			var id directory.ID
			var o directory.Owner
			if err := r.Scan(&id, &o.ID, &o.Kind); err != nil {
				return err
			}
			got[id].owners = append(got[id].owners, o)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return got, nil
}

// repeat appends a batch of ids to the arguments, the first again and again
// where there are fewer.
func repeat(args []any, ids []directory.ID) []any {
	for i := range batchSize {
		if i < len(ids) {
			args = append(args, ids[i])
		} else {
			args = append(args, ids[0])
		}
	}
	return args
}

func scanCredential(r *sql.Rows, into map[directory.ID]*parts) error {
	var object, key directory.ID
	var kind, hint, keyType, usage string
	var name *string
	var start, end int64
	var custom, hash, der, sha1, sha256 []byte
	err := r.Scan(&object, &kind, &key, &name, &start, &end, &custom, &hint, &hash, &keyType, &usage, &der, &sha1, &sha256)
	if err != nil {
		return err
	}
	p := into[object]
	if kind == kindPassword {
		p.passwords = append(p.passwords, directory.PasswordCredential{
			KeyID: key, DisplayName: name, StartAt: fromMicros(start), EndAt: fromMicros(end),
			Hint: hint, CustomKeyIdentifier: custom, Hash: hash,
		})
		return nil
	}
	k := directory.KeyCredential{
		KeyID: key, DisplayName: name, Type: keyType, Usage: usage, StartAt: fromMicros(start), EndAt: fromMicros(end),
		CustomKeyIdentifier: custom, DER: der,
	}
	copy(k.SHA1[:], sha1)
	copy(k.SHA256[:], sha256)
	p.keys = append(p.keys, k)
	return nil
}

func scanFederated(r *sql.Rows, into map[directory.ID]*parts) error {
	var object directory.ID
	var f directory.FederatedIdentityCredential
	var audiences string
	if err := r.Scan(&object, &f.ID, &f.Name, &f.Issuer, &f.Subject, &audiences, &f.Description); err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(audiences), &f.Audiences); err != nil {
		return err
	}
	into[object].federated = append(into[object].federated, f)
	return nil
}

const (
	kindPassword = "password"
	kindKey      = "key"
)

const (
	deleteCredentials = `DELETE FROM credentials WHERE tenant_id = $1 AND object_id = $2 AND kind = $3`
	insertCredential  = `INSERT INTO credentials (tenant_id, position, ` + credentialColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
	deleteFederated = `DELETE FROM federated_credentials WHERE tenant_id = $1 AND object_id = $2`
	insertFederated = `INSERT INTO federated_credentials
		(tenant_id, object_id, id, position, name, name_fold, issuer, subject, audiences, description)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	deleteOwners = `DELETE FROM owners WHERE tenant_id = $1 AND object_id = $2`
	insertOwner  = `INSERT INTO owners (tenant_id, object_id, owner_id, owner_kind, position) VALUES ($1, $2, $3, $4, $5)`
)

// The properties that parts stand for.
const (
	propertyPasswords = "passwordCredentials"
	propertyKeys      = "keyCredentials"
	propertyFederated = "federatedIdentityCredentials"
	propertyOwners    = "owners"
)

// present names the collections that are not empty.
func (p parts) present() []string {
	var names []string
	for name, n := range map[string]int{
		propertyPasswords: len(p.passwords), propertyKeys: len(p.keys),
		propertyFederated: len(p.federated), propertyOwners: len(p.owners),
	} {
		if n > 0 {
			names = append(names, name)
		}
	}
	return names
}

// writeParts replaces the named collections.
func (tx *txn) writeParts(ctx context.Context, id directory.ID, p parts, names []string) error {
	for _, name := range names {
		var err error
		switch name {
		case propertyPasswords:
			err = tx.writePasswords(ctx, id, p.passwords)
		case propertyKeys:
			err = tx.writeKeys(ctx, id, p.keys)
		case propertyFederated:
			err = tx.writeFederated(ctx, id, p.federated)
		case propertyOwners:
			err = tx.writeOwners(ctx, id, p.owners)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *txn) writeOwners(ctx context.Context, id directory.ID, owners []directory.Owner) error {
	if _, err := tx.exec(ctx, deleteOwners, tx.tenant, id); err != nil {
		return err
	}
	for i, o := range owners {
		if _, err := tx.exec(ctx, insertOwner, tx.tenant, id, o.ID, o.Kind, i); err != nil {
			return err
		}
	}
	return nil
}

func (tx *txn) writePasswords(ctx context.Context, id directory.ID, passwords []directory.PasswordCredential) error {
	if _, err := tx.exec(ctx, deleteCredentials, tx.tenant, id, kindPassword); err != nil {
		return err
	}
	for i, p := range passwords {
		_, err := tx.exec(ctx, insertCredential, tx.tenant, i, id, kindPassword, p.KeyID, p.DisplayName,
			micros(p.StartAt), micros(p.EndAt), p.CustomKeyIdentifier, p.Hint, p.Hash, "", "", nil, nil, nil)
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *txn) writeKeys(ctx context.Context, id directory.ID, keys []directory.KeyCredential) error {
	if _, err := tx.exec(ctx, deleteCredentials, tx.tenant, id, kindKey); err != nil {
		return err
	}
	for i, k := range keys {
		_, err := tx.exec(ctx, insertCredential, tx.tenant, i, id, kindKey, k.KeyID, k.DisplayName,
			micros(k.StartAt), micros(k.EndAt), k.CustomKeyIdentifier, "", nil, k.Type, k.Usage, k.DER, k.SHA1[:], k.SHA256[:])
		if err != nil {
			return err
		}
	}
	return nil
}

func (tx *txn) writeFederated(ctx context.Context, id directory.ID, federated []directory.FederatedIdentityCredential) error {
	if _, err := tx.exec(ctx, deleteFederated, tx.tenant, id); err != nil {
		return err
	}
	for i, f := range federated {
		audiences, err := json.Marshal(f.Audiences)
		if err != nil {
			return err
		}
		_, err = tx.exec(ctx, insertFederated, tx.tenant, id, f.ID, i, f.Name, fold(f.Name), f.Issuer, f.Subject,
			string(audiences), f.Description)
		if err != nil {
			return err
		}
	}
	return nil
}

const (
	deleteAllCredentials = `DELETE FROM credentials WHERE tenant_id = $1 AND object_id = $2`
	deleteOwned          = `DELETE FROM owners WHERE tenant_id = $1 AND owner_id = $2`
	deleteValues         = `DELETE FROM object_values WHERE tenant_id = $1 AND object_id = $2`
)

// removeParts forgets all that lies beside an object, for good.
func (tx *txn) removeParts(ctx context.Context, id directory.ID) error {
	for _, query := range []string{deleteAllCredentials, deleteFederated, deleteOwners, deleteOwned, deleteValues} {
		if _, err := tx.exec(ctx, query, tx.tenant, id); err != nil {
			return err
		}
	}
	return nil
}

const (
	deleteProperty = `DELETE FROM object_values WHERE tenant_id = $1 AND object_id = $2 AND property = $3`
	insertValue    = `INSERT INTO object_values (tenant_id, property, value, object_id) VALUES ($1, $2, $3, $4)
		ON CONFLICT (tenant_id, property, value, object_id) DO NOTHING`
)

// The properties of object_values.
const (
	valueApplicationTags  = "application.tags"
	valueServiceTags      = "servicePrincipal.tags"
	valueServiceNames     = "servicePrincipal.names"
	valueAlternativeNames = "servicePrincipal.alternativeNames"
)

// writeValues replaces the searchable members of a collection, folded.
func (tx *txn) writeValues(ctx context.Context, id directory.ID, property string, was, is []string) error {
	if slices.Equal(was, is) {
		return nil
	}
	if _, err := tx.exec(ctx, deleteProperty, tx.tenant, id, property); err != nil {
		return err
	}
	for _, v := range is {
		if _, err := tx.exec(ctx, insertValue, tx.tenant, property, fold(v), id); err != nil {
			return err
		}
	}
	return nil
}

const insertUsedID = `INSERT INTO used_ids (tenant_id, id) VALUES ($1, $2) ON CONFLICT (tenant_id, id) DO NOTHING`

// useID takes an id for a new object; one that was ever taken is a Conflict.
func (tx *txn) useID(ctx context.Context, t directory.TenantID, id directory.ID, property string) error {
	n, err := tx.exec(ctx, insertUsedID, t, id)
	if err == nil && n == 0 {
		return conflict(property)
	}
	return err
}
