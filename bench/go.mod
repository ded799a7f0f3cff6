module github.com/sekisho-id/sekisho/bench

go 1.26.0

require (
	github.com/jackc/pgx/v5 v5.12.0
	github.com/sekisho-id/sekisho v0.0.0
	modernc.org/sqlite v1.60.1
)
