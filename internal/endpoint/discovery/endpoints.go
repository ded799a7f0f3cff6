package discovery

import (
	"net/http"
	"strings"

	"github.com/sekisho-id/sekisho/internal/domain/issue"
	"github.com/sekisho-id/sekisho/internal/protocol/aadsts"
)

// cloudMetadata is the cloud's own description in the form of Azure Resource
// Manager's api-version 2022-09-01, which Terraform reads when it is pointed at
// another host (`metadata_host`).
type cloudMetadata struct {
	Name            string         `json:"name"`
	Portal          string         `json:"portal"`
	Authentication  cloudLogin     `json:"authentication"`
	ResourceManager string         `json:"resourceManager"`
	GraphResource   string         `json:"microsoftGraphResourceId"`
	Suffixes        map[string]any `json:"suffixes"`
	Gallery         string         `json:"gallery"`
	Graph           string         `json:"graph"`
	GraphAudience   string         `json:"graphAudience"`
}

type cloudLogin struct {
	LoginEndpoint    string   `json:"loginEndpoint"`
	Audiences        []string `json:"audiences"`
	Tenant           string   `json:"tenant"`
	IdentityProvider string   `json:"identityProvider"`
}

// Endpoints serves /metadata/endpoints, whatever its api-version.
func (e *Endpoint) Endpoints() http.Handler {
	return e.endpoint(func(w http.ResponseWriter, r *http.Request) error {
		if !strings.EqualFold(strings.TrimSuffix(r.URL.Path, "/"), "/metadata/endpoints") {
			return aadsts.New(aadsts.MalformedRequest, "there is no endpoint at this path")
		}
		h := hosts(r)
		key := cacheKey{endpoints, h.Login, ""}
		ans := e.cached(key)
		if ans == nil {
			var err error
			if ans, err = newAnswer(e.metadata(h), forADay); err != nil {
				return err
			}
			e.keep(key, ans)
		}
		ans.write(w, r)
		return nil
	})
}

func (e *Endpoint) metadata(h issue.Hosts) cloudMetadata {
	manager := e.cfg.ResourceManager
	if manager == "" {
		manager = h.Login
	}
	return cloudMetadata{
		Name:   "Sekisho",
		Portal: h.Login,
		Authentication: cloudLogin{
			LoginEndpoint:    h.Login,
			Audiences:        []string{"https://management.core.windows.net/", "https://management.azure.com/"},
			Tenant:           common,
			IdentityProvider: "AAD",
		},
		ResourceManager: strings.TrimSuffix(manager, "/") + "/",
		// Terraform takes it for the API's base URL and for the resource that it
		// asks a token for.
		GraphResource: h.Graph + "/",
		Suffixes:      map[string]any{},
	}
}
