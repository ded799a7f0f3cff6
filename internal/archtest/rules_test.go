package archtest

import "strings"

const module = "github.com/sekisho-id/sekisho"

// A rule forbids imports. Paths are shown without the module's name, so that
// "internal/domain/audit" is ours, and anything else is the standard library's
// or somebody else's.
type rule struct {
	name    string
	why     string
	applies func(pkg string) bool
	forbids func(pkg, imported string) bool
	// tests extends the rule to the imports of tests.
	tests bool
}

// rules are the arrows of the house: cmd → cli, server → endpoint → domain →
// protocol, and server → store/sqlstore → store → domain. None runs up.
var rules = []rule{
	{
		name:    "protocol is vocabulary",
		why:     "aadsts, oauth2 and odata are words and parsers that everything else uses: with the standard library alone they stay easy to test, to fuzz and to read",
		applies: under("internal/protocol"),
		forbids: func(_, imported string) bool { return !standard(imported) && !under("internal/protocol")(imported) },
	},
	{
		name:    "domain knows neither endpoints nor storage",
		why:     "the rules of the directory must hold whoever asks (Graph, a page, a command) and wherever objects are kept; a domain that imports HTTP or SQL learns both",
		applies: under("internal/domain"),
		forbids: func(_, imported string) bool {
			return ours(imported) && !under("internal/domain", "internal/protocol")(imported)
		},
	},
	{
		name:    "domain has no SQL",
		why:     "statements live in sqlstore, where each is prepared on both databases by a test",
		applies: under("internal/domain"),
		forbids: func(_, imported string) bool { return sql(imported) && imported != "database/sql/driver" },
	},
	{
		name:    "endpoints stand apart",
		why:     "what two endpoints share is domain, and what one must know of another the server hands over as a value; an import between them would tie their wire formats together",
		applies: func(pkg string) bool { return endpoint(pkg) != "" },
		forbids: func(pkg, imported string) bool {
			other := endpoint(imported)
			return other != "" && other != endpoint(pkg) && other != "web"
		},
	},
	{
		name:    "endpoints use the domain alone",
		why:     "HTTP ends in the endpoint: an endpoint that reaches the storage goes past the checks of the domain",
		applies: under("internal/endpoint"),
		forbids: func(_, imported string) bool {
			return sql(imported) || ours(imported) && !under("internal/endpoint", "internal/domain", "internal/protocol")(imported)
		},
	},
	{
		name:    "storage serves the domain",
		why:     "a store implements interfaces of the domain; one that knew endpoints or the server could not be replaced",
		applies: under("internal/store"),
		forbids: func(_, imported string) bool {
			return ours(imported) && !under("internal/store", "internal/domain", "internal/protocol")(imported)
		},
	},
	{
		name:    "storage is behind the server",
		why:     "only the composition root decides where objects are kept; everyone else is handed the interface that they need",
		applies: func(pkg string) bool { return !under("internal/store", "internal/server")(pkg) },
		forbids: func(_, imported string) bool { return under("internal/store")(imported) },
	},
	{
		name:    "the server does not know its commands",
		why:     "a server is made from a Config, by a command or by a test",
		applies: under("internal/server"),
		forbids: func(_, imported string) bool { return under("internal/cli", "internal/config", "cmd")(imported) },
	},
	{
		name:    "commands go through Graph",
		why:     "what a command can do, any client must be able to do: a command that called an endpoint or a store directly would have rights of its own",
		applies: under("internal/cli", "cmd"),
		forbids: func(_, imported string) bool {
			return sql(imported) || under("internal/endpoint", "internal/store")(imported)
		},
	},
	{
		name:    "configuration is data",
		why:     "the file format must be readable without starting anything",
		applies: under("internal/config"),
		forbids: func(_, imported string) bool { return ours(imported) },
	},
	{
		name:    "bearer is for others",
		why:     "other people import it: it brings go-jose and nothing of ours into their graph",
		applies: under("bearer"),
		forbids: func(_, imported string) bool {
			return !standard(imported) && !under("bearer")(imported) && !strings.HasPrefix(imported, "github.com/go-jose/go-jose/v4")
		},
	},
	{
		name:    "tests stay in tests",
		why:     "what a program links, it can run: a server, a database or flags that are there for tests have no place in it",
		applies: func(pkg string) bool { return !under(testSupport...)(pkg) },
		forbids: func(_, imported string) bool { return imported == "testing" || under(testSupport...)(imported) },
	},
	{
		name:    "one style of test",
		why:     "tests use the standard library and go-cmp; a second assertion library is a second language",
		applies: func(string) bool { return true },
		forbids: func(_, imported string) bool {
			return strings.HasPrefix(imported, "github.com/stretchr/testify") || strings.Contains(imported, "/gomock")
		},
		tests: true,
	},
}

// testSupport are the packages that exist for tests alone.
var testSupport = []string{"sekishotest", "internal/store/storetest", "internal/store/pgtest"}

// under reports whether a package is one of the folders or below it.
func under(folders ...string) func(string) bool {
	return func(pkg string) bool {
		for _, f := range folders {
			if pkg == f || strings.HasPrefix(pkg, f+"/") {
				return true
			}
		}
		return false
	}
}

// ours reports whether a shown path is a package of this repository.
func ours(pkg string) bool {
	return under("internal", "cmd", "bearer", "sekishotest", "samples", "bench", "interop")(pkg)
}

// standard reports whether a shown path is one of the standard library: its
// first element has no dot.
func standard(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "/")
	return !strings.Contains(first, ".") && !ours(pkg)
}

func sql(pkg string) bool {
	return under("database/sql", "modernc.org", "github.com/jackc")(pkg)
}

// endpoint is the name of the endpoint that a package belongs to.
func endpoint(pkg string) string {
	rest, ok := strings.CutPrefix(pkg, "internal/endpoint/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}
