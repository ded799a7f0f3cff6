package page

import (
	"net/http"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
)

// homePage says what this server is and what to do next.
type homePage struct {
	Frame
	Discovery, Graph string
	Documentation    string
	Commands         []Command
}

// Command is a command to paste, and what it is for.
type Command struct{ Purpose, Line string }

func (*homePage) name() string { return "home" }

// documentation is where the manual is, by language.
var documentation = words{
	en: "https://github.com/sekisho-id/sekisho#readme",
	ja: "https://github.com/sekisho-id/sekisho/blob/main/README.ja.md",
}

// commands are the next steps, in their order.
var commands = []struct{ purpose, line string }{
	{"home.token", "sekisho token"},
	{"home.app", "sekisho app create --scenario daemon --name Orders"},
	{"home.env", "sekisho env go"},
}

// Home serves the root of the host.
func (p *Pages) Home() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !p.readable(w, r, "/") {
			return
		}
		p.drawHome(w, r)
	})
}

func (p *Pages) drawHome(w http.ResponseWriter, r *http.Request) {
	lang, _ := choose(r, "")
	hosts := web.From(r.Context()).Hosts
	pg := &homePage{
		Discovery:     hosts.Login + "/common/v2.0/.well-known/openid-configuration",
		Graph:         hosts.Graph + "/v1.0",
		Documentation: documentation.in(lang),
	}
	for _, c := range commands {
		pg.Commands = append(pg.Commands, Command{sentences[c.purpose].in(lang), c.line})
	}
	p.render(w, r, http.StatusOK, pg, "")
}
