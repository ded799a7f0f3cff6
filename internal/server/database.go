package server

import (
	"context"
	"errors"

	"github.com/sekisho-id/sekisho/internal/domain/directory"
	"github.com/sekisho-id/sekisho/internal/store/sqlstore"
)

// Marks of a database as a whole.
const (
	markDev      = "dev"      // "true": development mode made it
	markOperator = "operator" // id of the first tenant, whose administrators manage tenants; absent before bootstrap
)

// ErrDevDatabase is returned where a server that is not in development mode is
// given a database of development mode.
var ErrDevDatabase = errors.New("this database was made by `sekisho dev`: it holds demonstration people and a clock that can be moved. " +
	"Give `sekisho serve` a database of its own")

// migrate brings an SQLite database up to date. On PostgreSQL several nodes may
// be starting, so that is the operator's command.
func (s *Server) migrate(ctx context.Context) error {
	needed, err := s.db.NeedsMigration(ctx)
	if err != nil || !needed {
		return err
	}
	if s.db.Kind() == sqlstore.Postgres && !s.cfg.Dev {
		return errors.New("the database is not up to date: run `sekisho migrate` once, then start the servers")
	}
	return s.db.Migrate(ctx)
}

// checkMark keeps development state out of production and the other way round.
func (s *Server) checkMark(ctx context.Context) error {
	dev, err := s.stores.Installation.Mark(ctx, markDev)
	if err != nil {
		return err
	}
	if dev == "true" && !s.cfg.Dev {
		return ErrDevDatabase
	}
	if dev != "" || !s.cfg.Dev {
		return nil
	}
	operator, err := s.stores.Installation.Mark(ctx, markOperator)
	if err != nil {
		return err
	}
	if operator != "" {
		return errors.New("this database belongs to a real installation: `sekisho dev` does not touch it. Give it a data directory of its own with --data")
	}
	return s.stores.Installation.SetMark(ctx, markDev, "true")
}

// operator is the first tenant, whose administrators may manage tenants; zero
// before bootstrap.
func (s *Server) operator(ctx context.Context) (directory.TenantID, error) {
	id, err := s.stores.Installation.Mark(ctx, markOperator)
	if err != nil || id == "" {
		return directory.TenantID{}, err
	}
	return directory.ParseTenantID(id)
}
