package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed docs.html.tmpl
var docsHTML string

var docsTemplate = template.Must(template.New("docs").Funcs(pageFuncs).Funcs(template.FuncMap{"json": indented}).Parse(docsHTML))

// docsRoutes adds the OpenAPI document and its page, which needs nothing from the network. Both are
// made once, when somebody first asks: to make them takes longer than the rest of a start.
func (s *Server) docsRoutes(mux *http.ServeMux, r *Router) {
	made := sync.OnceValue(func() docs { return describe(r.huma.OpenAPI()) })
	serve := func(contentType string, body func(docs) []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Security-Policy", pagePolicy)
			_, _ = w.Write(body(made()))
		}
	}
	mux.HandleFunc("GET /openapi.json", serve("application/openapi+json", func(d docs) []byte { return d.document }))
	mux.HandleFunc("GET /docs", serve("text/html; charset=utf-8", func(d docs) []byte { return d.page }))
}

// docs are the OpenAPI document and its page, as they are served.
type docs struct{ document, page []byte }

func describe(api *huma.OpenAPI) docs {
	document, err := json.Marshal(api)
	if err != nil {
		panic(err) // it holds what was declared in code, and no test passes where that is no JSON
	}
	var page bytes.Buffer
	if err := docsTemplate.Execute(&page, documented(api)); err != nil {
		panic(err) // likewise
	}
	return docs{document, page.Bytes()}
}

// A docsPage is the OpenAPI document in reading order.
type docsPage struct {
	Title, Version, About string
	Groups                []docsGroup
	Schemas               []docsSchema
}

type docsGroup struct {
	Name       string
	Operations []*huma.Operation
}

type docsSchema struct {
	Name   string
	Schema *huma.Schema
}

func documented(api *huma.OpenAPI) docsPage {
	page := docsPage{Title: api.Info.Title, Version: api.Info.Version, About: api.Info.Description}
	groups := map[string][]*huma.Operation{}
	for _, path := range slices.Sorted(maps.Keys(api.Paths)) {
		item := api.Paths[path]
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Delete} {
			if op != nil {
				tag := strings.Join(op.Tags, ", ")
				groups[tag] = append(groups[tag], op)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(groups)) {
		page.Groups = append(page.Groups, docsGroup{name, groups[name]})
	}
	schemas := api.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		page.Schemas = append(page.Schemas, docsSchema{name, schemas[name]})
	}
	return page
}

func indented(v any) (string, error) {
	raw, err := json.MarshalIndent(v, "", "  ")
	return string(raw), err
}
