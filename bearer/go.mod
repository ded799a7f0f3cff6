module github.com/sekisho-id/sekisho/bearer

go 1.26

require (
	github.com/go-jose/go-jose/v4 v4.1.8
	github.com/google/go-cmp v0.7.0
)
