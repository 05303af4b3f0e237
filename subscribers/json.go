package subscribers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"revere/alerting"
	"revere/subscribers/internal/sheet"
)

// A listed subscriber is one as files and exports have it, with the teams it belongs to.
type listed struct {
	Subscriber
	Teams *[]string `json:"teams,omitempty"`
}

func (run *importRun) readJSON(r io.Reader) {
	raw, err := io.ReadAll(r)
	if err != nil {
		run.form.Add("", alerting.CodeMalformed, "the file could not be read: %v", err)
		return
	}
	raw = bytes.TrimPrefix(raw, []byte("\uFEFF"))
	reader := &jsonReader{importRun: run, raw: raw, decoder: json.NewDecoder(bytes.NewReader(raw)), line: 1}
	reader.decoder.DisallowUnknownFields()
	if err := reader.read(); err != nil {
		run.form.Add("", alerting.CodeMalformed, "line %d: %s", reader.lineAt(reader.decoder.InputOffset()), err)
	}
	if run.foundNothing() {
		run.form.Add("", alerting.CodeMissing, "the file has no subscribers; nothing was changed")
	}
}

// A jsonReader turns the elements of an array into candidates.
type jsonReader struct {
	*importRun
	raw     []byte
	decoder *json.Decoder
	line    int   // at offset counted
	counted int64 // bytes of raw whose line ends are in line
}

var errNotAList = errors.New(`want a JSON array of subscribers, or an object with one as "data"`)

// read returns an error where the file can't be read any further.
func (r *jsonReader) read() error {
	start, err := r.decoder.Token()
	switch {
	case errors.Is(err, io.EOF):
		return errNotAList
	case err != nil:
		return err
	case start == json.Delim('['):
		err = r.array("")
	case start == json.Delim('{'):
		err = r.object()
	default:
		return errNotAList
	}
	if err != nil {
		return err
	}
	if _, err := r.decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the end of the JSON")
	}
	return nil
}

// object reads the array under "data"; what else a list's answer holds is passed over.
func (r *jsonReader) object() error {
	found := false
	for r.decoder.More() {
		key, err := r.decoder.Token()
		if err != nil {
			return err
		}
		if key != "data" {
			var other json.RawMessage
			if err := r.decoder.Decode(&other); err != nil {
				return err
			}
			continue
		}
		start, err := r.decoder.Token()
		if err != nil {
			return err
		}
		if start != json.Delim('[') {
			return errNotAList
		}
		if err := r.array("/data"); err != nil {
			return err
		}
		found = true
	}
	if !found {
		return errNotAList
	}
	_, err := r.decoder.Token()
	return err
}

func (r *jsonReader) array(prefix string) error {
	for i := 0; r.decoder.More(); i++ {
		at := prefix + "/" + strconv.Itoa(i)
		line := r.nextLine()
		var s listed
		if err := r.decoder.Decode(&s); err != nil {
			if syntax := (*json.SyntaxError)(nil); errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
				return err
			}
			r.form.Add(at, alerting.CodeMalformed, "line %d: %s", line, explain(err))
			continue
		}
		id := s.ID
		r.add(candidate{Subscriber: s.Subscriber, teams: s.Teams, line: line, locate: func(p alerting.Problem) alerting.Problem {
			p.Pointer = at + p.Pointer
			p.Detail = fmt.Sprintf("line %d, subscriber %q: %s", line, sheet.Clip(id), p.Detail)
			return p
		}})
	}
	_, err := r.decoder.Token()
	return err
}

// nextLine is the line on which the next element begins.
func (r *jsonReader) nextLine() int {
	offset := r.decoder.InputOffset()
	for offset < int64(len(r.raw)) && strings.IndexByte(" \t\r\n,", r.raw[offset]) >= 0 {
		offset++
	}
	return r.lineAt(offset)
}

// lineAt is the line of a byte that is not before the one asked for last.
func (r *jsonReader) lineAt(offset int64) int {
	if offset > r.counted {
		r.line += bytes.Count(r.raw[r.counted:offset], []byte("\n"))
		r.counted = offset
	}
	return r.line
}

var (
	fieldsOfJSON  = []string{"id", "name", "organization", "areas", "min_severity", "categories", "language", "shared", "contacts", "teams", "channel", "address"}
	unknownPrefix = "json: unknown field "
)

// explain says what is wrong with one element in words for people.
func explain(err error) string {
	if typed := (*json.UnmarshalTypeError)(nil); errors.As(err, &typed) {
		return fmt.Sprintf("%s must be a %s, not a JSON %s", strings.ReplaceAll(typed.Field, "Subscriber.", ""), typed.Type.Kind(), typed.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), unknownPrefix); ok {
		name = strings.Trim(name, `"`)
		return fmt.Sprintf("the field %q is not known; the nearest is %q", sheet.Clip(name), sheet.Nearest(name, fieldsOfJSON))
	}
	return err.Error()
}
