package api

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Stream answers with what write writes, however long that takes, as long as the client keeps
// reading. A file name makes browsers save it. An error while the answer is under way breaks it off,
// so that half an export is never taken for a whole one.
func Stream(contentType, file string, write func(io.Writer) error) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		_, w := humago.Unwrap(ctx)
		w.Header().Set("Content-Type", contentType)
		if file != "" {
			w.Header().Set("Content-Disposition", `attachment; filename="`+file+`"`)
		}
		if err := write(patient{w}); err != nil {
			panic(http.ErrAbortHandler)
		}
	}}
}

// A patient writer gives every write a deadline of its own.
type patient struct{ http.ResponseWriter }

func (p patient) Write(b []byte) (int, error) {
	unhurried(p.ResponseWriter)
	return p.ResponseWriter.Write(b)
}

// exportPage is how many entries of an export are read at a time, so that the board is not held.
const exportPage = 500

// each calls write with all entries, and flush after every page.
func each[T any](read reader[T], write func(T) error, flush func() error) error {
	for from := 0; from >= 0; {
		entries, next := read(from, exportPage)
		for _, entry := range entries {
			if err := write(entry); err != nil {
				return err
			}
		}
		if err := flush(); err != nil {
			return err
		}
		from = next
	}
	return nil
}

// ndjson writes entries as JSON, one a line.
func ndjson[T any](read reader[T]) func(io.Writer) error {
	return func(w io.Writer) error {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return each(read, func(entry T) error { return encoder.Encode(entry) }, func() error { return nil })
	}
}

// sheet writes entries as CSV with a header.
func sheet[T any](columns []string, row func(T) []string, read reader[T]) func(io.Writer) error {
	return func(w io.Writer) error {
		out := csv.NewWriter(w)
		if err := out.Write(columns); err != nil {
			return err
		}
		return each(read, func(entry T) error { return out.Write(row(entry)) }, func() error {
			out.Flush()
			return out.Error()
		})
	}
}

// Accepts reports whether an Accept header names a media type. What it prefers among several does
// not matter: nobody asks for CSV by accident.
func Accepts(header, media string) bool {
	for part := range strings.SplitSeq(header, ",") {
		kind, _, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(kind), media) {
			return true
		}
	}
	return false
}

// Exports describes an operation whose answer has several forms: a page of JSON, and others.
func (r *Router) Exports(page any, others ...string) map[string]*huma.Response {
	content := r.content(page)
	for _, other := range others {
		content[other] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return map[string]*huma.Response{"200": {Description: "OK", Content: content}}
}

// prose keeps a spreadsheet from taking for a formula what people wrote: a note comes from anyone
// who has an address (OWASP, "CSV injection").
func prose(s string) string {
	if s != "" && strings.ContainsAny(s[:1], "=+-@\t\r") {
		return "'" + s
	}
	return s
}
