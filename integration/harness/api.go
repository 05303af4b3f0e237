package harness

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/tracking"
)

// client calls the service; no answer takes as long as its timeout but a stream.
var client = &http.Client{Timeout: 60 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// An Answer is what the service answered over HTTP.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Into reads the answer's JSON.
func (a Answer) Into(v any) error {
	if err := json.Unmarshal(a.Body, v); err != nil {
		return fmt.Errorf("the answer (HTTP %d) can't be read: %w", a.Status, err)
	}
	return nil
}

// A Request is one call over HTTP.
type Request struct {
	Method, Path string
	// Token is what the call shows; empty for the admin's.
	Token string
	// Body is sent as it is where it is a string or bytes, else as JSON.
	Body   any
	Header map[string]string
}

// Try makes a call. The error says that there was no answer.
func (w *World) Try(r Request) (Answer, error) { return w.TryIn(context.Background(), r) }

// TryIn is Try for a caller who may give up before there is an answer.
func (w *World) TryIn(ctx context.Context, r Request) (Answer, error) {
	var body []byte
	header := http.Header{"Authorization": {"Bearer " + w.token}}
	switch b := r.Body.(type) {
	case nil:
	case string:
		body = []byte(b)
	case []byte:
		body = b
	default:
		var err error
		if body, err = json.Marshal(b); err != nil {
			return Answer{}, err
		}
		header.Set("Content-Type", "application/json")
	}
	if r.Token != "" {
		header.Set("Authorization", "Bearer "+r.Token)
	}
	for name, value := range r.Header {
		header.Set(name, value)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, w.URL()+r.Path, bytes.NewReader(body))
	if err != nil {
		return Answer{}, err
	}
	request.Header = header
	response, err := client.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	return Answer{response.StatusCode, response.Header, answer}, err
}

// Call makes a call that must be answered with the given status.
func (w *World) Call(status int, r Request) Answer {
	w.t.Helper()
	a, err := w.Try(r)
	if err != nil {
		w.t.Fatalf("%s %s: %v", r.Method, r.Path, err)
	}
	if a.Status != status {
		w.t.Fatalf("%s %s was answered %d, not %d: %s", r.Method, r.Path, a.Status, status, a.Body)
	}
	return a
}

func (w *World) read(path string, into any) {
	w.t.Helper()
	if err := w.Call(http.StatusOK, Request{Method: http.MethodGet, Path: path}).Into(into); err != nil {
		w.t.Fatalf("%s: %v", path, err)
	}
}

// Publish publishes an alert over HTTP, which must be taken.
func (w *World) Publish(alert Alert) api.Published {
	w.t.Helper()
	var p api.Published
	answer := w.Call(http.StatusAccepted, Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: alert})
	if err := answer.Into(&p); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// Correct updates or cancels an alert.
func (w *World) Correct(key alerting.Key, kind alerting.MessageType, changes map[string]any) api.Published {
	w.t.Helper()
	var p api.Published
	answer := w.Call(http.StatusAccepted, Request{Method: http.MethodPost, Path: "/api/v1/alerts/" + string(key) + "/" + string(kind), Body: changes})
	if err := answer.Into(&p); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// Acknowledge records an answer for somebody.
func (w *World) Acknowledge(key alerting.Key, subscriber, response string) {
	w.t.Helper()
	w.Call(http.StatusCreated, Request{
		Method: http.MethodPost, Path: "/api/v1/alerts/" + string(key) + "/acknowledgements",
		Body: map[string]string{"subscriber": subscriber, "response": response},
	})
}

// Summary returns an alert with its counts.
func (w *World) Summary(key alerting.Key) tracking.Summary {
	w.t.Helper()
	var s tracking.Summary
	w.read("/api/v1/alerts/"+string(key), &s)
	return s
}

// Alerts returns all alerts, as the list shows them.
func (w *World) Alerts() (all []tracking.Summary) {
	w.t.Helper()
	for cursor := ""; ; {
		var page struct {
			Data []tracking.Summary `json:"data"`
			Next *string            `json:"next_cursor"`
		}
		w.read("/api/v1/alerts?limit=1000&cursor="+cursor, &page)
		all = append(all, page.Data...)
		if page.Next == nil {
			return all
		}
		cursor = *page.Next
	}
}

// Deliveries returns all deliveries of an alert, from the export.
func (w *World) Deliveries(key alerting.Key) []tracking.DeliveryView {
	w.t.Helper()
	answer := w.Call(http.StatusOK, Request{
		Method: http.MethodGet, Path: "/api/v1/alerts/" + string(key) + "/deliveries", Header: map[string]string{"Accept": "application/x-ndjson"},
	})
	var all []tracking.DeliveryView
	decoder := json.NewDecoder(bufio.NewReader(bytes.NewReader(answer.Body)))
	for decoder.More() {
		var d tracking.DeliveryView
		if err := decoder.Decode(&d); err != nil {
			w.t.Fatalf("the deliveries of %s: %v", key, err)
		}
		all = append(all, d)
	}
	return all
}

// Delivery returns an alert's delivery to an address.
func (w *World) Delivery(key alerting.Key, address string) (tracking.DeliveryView, bool) {
	w.t.Helper()
	for _, d := range w.Deliveries(key) {
		if strings.EqualFold(d.Address, address) && d.Notice == "" {
			return d, true
		}
	}
	return tracking.DeliveryView{}, false
}

// People returns everyone whom an alert goes to.
func (w *World) People(key alerting.Key) []tracking.PersonView {
	w.t.Helper()
	var all []tracking.PersonView
	for cursor := ""; ; {
		var page struct {
			Data []tracking.PersonView `json:"data"`
			Next *string               `json:"next_cursor"`
		}
		w.read("/api/v1/alerts/"+string(key)+"/people?limit=1000&cursor="+cursor, &page)
		all = append(all, page.Data...)
		if page.Next == nil {
			return all
		}
		cursor = *page.Next
	}
}

// Person returns one of those whom an alert goes to.
func (w *World) Person(key alerting.Key, subscriber string) tracking.PersonView {
	w.t.Helper()
	for _, p := range w.People(key) {
		if p.Subscriber == subscriber {
			return p
		}
	}
	w.t.Fatalf("alert %s does not go to %s", key, subscriber)
	return tracking.PersonView{}
}
