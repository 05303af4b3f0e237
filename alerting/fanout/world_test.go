package fanout_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/fanout"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
	"revere/subscribers/areas"
)

var start = trackingtest.Start

// A candidate is one of an alert's, with contacts.
type candidate struct {
	Recipient alerting.Recipient
	Contacts  []alerting.Planned
}

// A crowd is an Audience: everyone who has an area in common with the alert.
type crowd []candidate

func (c crowd) Match(wanted []alerting.Area, _ alerting.Severity, _ []string) (found alerting.Candidates, uncovered []alerting.Area, revision uint64) {
	for _, x := range c {
		common := slices.DeleteFunc(slices.Clone(x.Recipient.Areas), func(a alerting.Area) bool { return !slices.Contains(wanted, a) })
		if len(common) > 0 {
			x.Recipient.Areas = common
			found.Add(x.Recipient, x.Contacts)
		}
	}
	return found, []alerting.Area{"ma.winthrop"}, 42
}

// person has one contact on each of the channels, in their order; a channel that begins with "!" is
// suppressed.
func person(id string, channels []string, in ...alerting.Area) candidate {
	c := candidate{Recipient: alerting.Recipient{Subscriber: id, Name: id, Areas: in}}
	for _, channel := range channels {
		planned := alerting.Planned{Channel: channel, Address: id}
		if channel[0] == '!' {
			planned.Channel, planned.Suppressed = channel[1:], "opted out"
		}
		c.Contacts = append(c.Contacts, planned)
	}
	return c
}

// A store keeps verdicts and rejections in memory.
type store struct {
	mu       sync.Mutex
	verdicts map[alerting.Key]alerting.Verdict
	inboxes  map[string][]alerting.Verdict
	rejected map[alerting.Key]string // the bytes
	fail     bool                    // the next call
}

var errStore = errors.New("the store failed")

func (s *store) Reject(_ context.Context, r alerting.Rejection, body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail {
		s.fail = false
		return errStore
	}
	s.rejected[r.Key] = string(body)
	return nil
}

func (s *store) Pronounce(_ context.Context, v alerting.Verdict, inbox string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail {
		s.fail = false
		return errStore
	}
	s.verdicts[v.Key] = v
	s.inboxes[inbox] = append(s.inboxes[inbox], v)
	return nil
}

// A world is a router on a ledger in memory.
type world struct {
	testing.TB
	board  *tracking.Board
	ledger *trackingtest.Ledger
	store  *store
	people alerting.Audience
	now    time.Time
	// unplaced are areas that may be concerned.
	unplaced []alerting.Area
	strict   bool
	inDoubt  func(uint64, time.Time) time.Time
}

func newWorld(t testing.TB, people ...candidate) *world {
	w := &world{TB: t, board: tracking.NewBoard(), people: crowd(people), now: start,
		store: &store{verdicts: map[alerting.Key]alerting.Verdict{}, inboxes: map[string][]alerting.Verdict{}, rejected: map[alerting.Key]string{}}}
	w.ledger = trackingtest.NewLedger(w.board)
	return w
}

func (w *world) judge(submissions ...alerting.Submission) error {
	r := &fanout.Router{
		Store: w.store, Board: w.board, Atlas: areas.New(), Audience: w.people, Unplaced: func([]alerting.Area) []alerting.Area { return w.unplaced }, Refresh: func(context.Context) error { return nil },
		Strict: w.strict, Now: func() time.Time { return w.now }, Log: zerolog.Nop(), Observe: func(string, int) {}, InDoubt: w.inDoubt,
	}
	return r.Judge(w.Context(), w.ledger, submissions)
}

// publish judges one message and returns the verdict.
func (w *world) publish(s alerting.Submission) alerting.Verdict {
	w.Helper()
	require.NoError(w, w.judge(s))
	return w.store.verdicts[s.Key()]
}

// accept publishes what must be accepted.
func (w *world) accept(s alerting.Submission) alerting.Key {
	w.Helper()
	v := w.publish(s)
	require.Equal(w, alerting.VerdictAccepted, v.Verdict, "%s %v", v.Detail, v.Problems)
	return v.Alert
}

// attempt records an attempt at every active delivery on the channel, with a result if there is one.
func (w *world) attempt(key alerting.Key, channel string, result alerting.State) {
	w.Helper()
	r := alerting.Record{Alert: key, At: w.now}
	views, _ := w.board.Deliveries(key, 0, 1000, func(d tracking.DeliveryView) bool { return d.Channel == channel && d.State == alerting.Queued })
	for _, d := range views {
		r.Attempts = append(r.Attempts, alerting.Attempt{Delivery: d.Index, Attempt: 1})
		if result != alerting.Attempting {
			r.Results = append(r.Results, alerting.Result{Delivery: d.Index, Attempt: 1, State: result})
		}
	}
	_, err := w.ledger.Append(w.Context(), r)
	require.NoError(w, err)
}

// due lists what is due for an alert, as channel:address, in sending order on each channel.
func (w *world) due(key alerting.Key) []string {
	all := []string{}
	for _, channel := range []string{"sms", "email", "signal"} {
		taken := w.board.Take(nil, channel, alerting.PlacesFor(1000), w.now)
		for _, d := range taken {
			if d.Alert == key {
				e, _ := w.board.Envelope(d.Alert, d.Delivery)
				all = append(all, e.Channel+":"+e.Address)
			}
		}
		w.board.GiveBack(taken)
	}
	return all
}

// body is a publishable alert with these fields changed; one that is nil is left out.
func body(changes map[string]any) []byte {
	fields := map[string]any{
		"id": "phishing", "sender": "soc@sec.state.ma.us", "status": "actual", "event": "Phishing", "headline": "Phishing against election clerks",
		"urgency": "immediate", "severity": "severe", "certainty": "observed",
	}
	maps.Copy(fields, changes)
	maps.DeleteFunc(fields, func(_ string, v any) bool { return v == nil })
	raw, err := json.Marshal(fields)
	if err != nil {
		panic(err) // test data
	}
	return raw
}

// on is a message that any NATS client published.
func on(sequence uint64, area alerting.Area, changes map[string]any) alerting.Submission {
	return alerting.Submission{Sequence: sequence, Subject: area.Subject(), Received: start, Body: body(changes), Producer: alerting.AnyProducer}
}

// by is a message that the API published for a token.
func by(producer string, s alerting.Submission) alerting.Submission {
	s.Producer, s.Sealed = producer, true
	return s
}

func corrects(kind alerting.MessageType, id string, references ...string) map[string]any {
	return map[string]any{"type": kind, "id": id, "references": references}
}

// clerks are a person in each town, reached by text message and else by mail.
func clerks(towns ...alerting.Area) []candidate {
	var all []candidate
	for _, town := range towns {
		all = append(all, person(town.Slug(), []string{"sms", "email"}, town))
	}
	return all
}

// manifests returns an alert's manifests, each of its parts put together.
func (w *world) manifests(key alerting.Key) []alerting.Manifest {
	var all []alerting.Manifest
	for _, r := range w.ledger.Written() {
		if r.Alert != key || r.Manifest == nil {
			continue
		}
		m := *r.Manifest
		if m.Part == 0 {
			all = append(all, alerting.Manifest{Revision: m.Revision, Hash: m.Hash, Parts: m.Parts})
		}
		whole := &all[len(all)-1]
		require.Equal(w, whole.Hash, m.Hash)
		whole.Deliveries = append(whole.Deliveries, m.Deliveries...)
		whole.Recipients = append(whole.Recipients, m.Recipients...)
		whole.Uncovered = append(whole.Uncovered, m.Uncovered...)
	}
	return all
}

func (w *world) manifest(key alerting.Key) alerting.Manifest {
	w.Helper()
	all := w.manifests(key)
	require.Len(w, all, 1)
	return all[0]
}

func town(i int) alerting.Area { return alerting.Area(fmt.Sprint("ma.town-", i)) }
