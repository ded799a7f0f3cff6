package graph

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/sekisho-id/sekisho/internal/endpoint/web"
)

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	buf := []byte{'{'}
	for i, m := range o {
		if i > 0 {
			buf = append(buf, ',')
		}
		name, err := json.Marshal(m.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		buf = append(append(append(buf, name...), ':'), value...)
	}
	return append(buf, '}'), nil
}

// get returns a member's value, nil if there is none.
func (o object) get(name string) any {
	for _, m := range o {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// reply is an answer that is not an error.
type reply struct {
	status   int
	body     any    // nil: no body
	plain    string // text instead of JSON
	xml      bool   // plain is XML
	location string
}

func noContent() *reply { return &reply{status: http.StatusNoContent} }

// metadataLevel is how much control information a reply carries (OData 4.0 JSON
// Format §3.1).
type metadataLevel int

const (
	minimalMetadata metadataLevel = iota
	noMetadata
	fullMetadata
)

func askedMetadata(h http.Header) metadataLevel {
	accept := strings.ToLower(strings.ReplaceAll(h.Get("Accept"), " ", ""))
	switch {
	case strings.Contains(accept, "odata.metadata=full"):
		return fullMetadata
	case strings.Contains(accept, "odata.metadata=none"):
		return noMetadata
	}
	return minimalMetadata
}

func (m metadataLevel) String() string {
	return [...]string{"minimal", "none", "full"}[m]
}

// context is the value of @odata.context.
func (c *call) context(what string) string {
	return c.base() + "/$metadata#" + what
}

// base is the address of the API version that the client used.
func (c *call) base() string { return web.From(c.r.Context()).Hosts.Graph + "/" + c.version }

// entityReply wraps a single object. what names its set, with the selected
// properties, for @odata.context.
func (c *call) entityReply(status int, what string, o object) *reply {
	return &reply{status: status, body: c.wrapEntity(what+"/$entity", o)}
}

func (c *call) wrapEntity(what string, o object) object {
	if c.level == noMetadata {
		return o
	}
	return append(object{{"@odata.context", c.context(what)}}, o...)
}

// collection wraps a list that is complete.
func (c *call) collection(what string, items []object) *reply {
	return c.pageReply(what, items, nil, "")
}

func (c *call) pageReply(what string, items []object, count *int, next string) *reply {
	var o object
	if c.level != noMetadata {
		o = append(o, member{"@odata.context", c.context(what)})
	}
	if count != nil {
		o = append(o, member{"@odata.count", *count})
	}
	if next != "" {
		o = append(o, member{"@odata.nextLink", next})
	}
	if items == nil {
		items = []object{}
	}
	return &reply{status: http.StatusOK, body: append(o, member{"value", items})}
}

// typed puts type and address in front of an object that stands where a
// directoryObject is declared.
func (c *call) typed(kind string, o object) object {
	if c.level == noMetadata {
		return o
	}
	head := object{{"@odata.type", "#microsoft.graph." + kind}}
	if c.level == fullMetadata {
		if id, ok := o.get("id").(string); ok {
			head = append(head, member{"@odata.id", c.base() + "/directoryObjects/" + url.PathEscape(id)})
		}
	}
	return append(head, o...)
}

// send writes a reply. It is the only writer of successful answers.
func (a *API) send(w http.ResponseWriter, c *call, rep *reply) error {
	h := w.Header()
	if rep.location != "" {
		h.Set("Location", rep.location)
	}
	switch {
	case rep.plain != "":
		h.Set("Content-Type", "text/plain")
		if rep.xml {
			h.Set("Content-Type", "application/xml")
		}
		h.Set("Content-Length", strconv.Itoa(len(rep.plain)))
		w.WriteHeader(rep.status)
		_, _ = w.Write([]byte(rep.plain))
	case rep.body == nil:
		w.WriteHeader(rep.status)
	default:
		body, err := json.Marshal(rep.body)
		if err != nil {
			return err
		}
		h.Set("Content-Type", "application/json;odata.metadata="+c.level.String()+";odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(rep.status)
		_, _ = w.Write(body)
	}
	return nil
}

// headers sets what every answer carries, errors and preflights too.
func (a *API) headers(w http.ResponseWriter, r *http.Request) {
	h, ids := w.Header(), web.IDs(r.Context())
	h.Set("Request-Id", ids.Trace)
	h.Set("Client-Request-Id", ids.Correlation)
	h.Set("Odata-Version", "4.0")
	h.Set("Cache-Control", "no-store, no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	// Browsers call with a bearer token and never with cookies, so any origin
	// may read; credentials are not allowed, which is what makes "*" safe.
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "request-id, client-request-id, Retry-After, Location, WWW-Authenticate")
}

// preflight answers OPTIONS, before any authentication.
func preflight(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if m := r.Header.Get("Access-Control-Request-Method"); m != "" {
		h.Set("Access-Control-Allow-Methods", m)
	}
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "600")
	h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	w.WriteHeader(http.StatusNoContent)
}
