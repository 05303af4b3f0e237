package replies_test

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/replies"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
	"revere/alerting/wording"
	"revere/subscribers/areas"
)

var (
	start = trackingtest.Start
	at    = time.Date(2026, 11, 3, 12, 14, 0, 0, time.UTC) // 07:14 in Boston
)

const (
	clerkPhone = "+16175550111"
	otherPhone = "+16175550122"
	strange    = "+16175550199"
)

var (
	clerk = trackingtest.Person{Name: "Boston Clerk", Contacts: []string{"sms:" + clerkPhone, "signal:" + clerkPhone}}
	emc   = trackingtest.Person{Name: "Boston EMC", Contacts: []string{"sms:" + otherPhone}}
	desk  = wording.Desk{SenderName: "MA State SOC", Phone: "+16175550100", Atlas: areas.New()}
)

// A world is a processor that a test hands arrivals to, on a ledger in memory.
type world struct {
	testing.TB
	board     *tracking.Board
	ledger    *trackingtest.Ledger
	processor *replies.Processor
	outcomes  []string
	wishes    []string // what the directory was told
	sequence  uint64
	began     time.Time // when it was at
}

func newWorld(t testing.TB) *world {
	w := &world{TB: t, board: tracking.NewBoard(), began: time.Now()}
	w.ledger = trackingtest.NewLedger(w.board)
	w.restart()
	return w
}

// restart begins with a processor that remembers nothing.
func (w *world) restart() {
	w.processor = &replies.Processor{
		Board: w.board, Journal: w.ledger, Desk: desk, Now: func() time.Time { return at.Add(time.Since(w.began)) }, Log: zerolog.Nop(),
		OptOut: func(_ context.Context, channel, address, _ string) error {
			w.wishes = append(w.wishes, "out "+channel+":"+address)
			return nil
		},
		OptIn: func(_ context.Context, channel, address string) error {
			w.wishes = append(w.wishes, "in "+channel+":"+address)
			return nil
		},
		Observe: func(_ string, _ alerting.InboundKind, outcome string) { w.outcomes = append(w.outcomes, outcome) },
	}
}

// open opens an alert for people and sends it to the first contact of each; the provider's id of
// what was sent is the alert's key, the channel and the address.
func (w *world) open(people ...trackingtest.Person) alerting.Key {
	return w.openAs(trackingtest.Alert(), people...)
}

func (w *world) openAs(alert alerting.Alert, people ...trackingtest.Person) alerting.Key {
	key := w.ledger.Open(alert, people...)
	views, _ := w.board.Deliveries(key, 0, 100, nil)
	for _, d := range views {
		w.sent(key, d.Index)
	}
	return key
}

func (w *world) sent(key alerting.Key, delivery uint32) {
	e, _ := w.board.Envelope(key, delivery)
	w.write(
		alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Delivery: delivery, Attempt: 1}}},
		alerting.Record{Alert: key, At: start, Results: []alerting.Result{{Delivery: delivery, Attempt: 1, State: alerting.Accepted, ProviderID: string(key) + " " + e.Channel + " " + e.Address}}})
}

func (w *world) write(records ...alerting.Record) {
	w.Helper()
	_, err := w.ledger.Append(w.Context(), records...)
	require.NoError(w, err)
}

func (w *world) end(key alerting.Key, r alerting.Record) {
	r.Alert, r.At = key, start
	w.write(r)
}

// arrive deals with one arrival and returns the last outcome.
func (w *world) arrive(facts ...alerting.Inbound) string {
	w.Helper()
	w.sequence++
	require.NoError(w, w.processor.Deal(w.Context(), replies.Arrival{Sequence: w.sequence, Facts: facts}))
	return w.outcomes[len(w.outcomes)-1]
}

// says is a text message that someone sent.
func says(from, text string) alerting.Inbound {
	return alerting.Inbound{Channel: "sms", Kind: alerting.InboundReply, At: at, From: from, Text: text}
}

// signals is something that the clerk did on Signal about a message of ours.
func signals(kind alerting.InboundKind, text, about string) alerting.Inbound {
	return alerting.Inbound{Channel: "signal", Kind: kind, At: at, From: clerkPhone, Text: text, About: []string{about}}
}

// answer is the answer that counts for someone; nil for none.
func (w *world) answer(key alerting.Key, subscriber string) *tracking.AnswerView {
	w.Helper()
	p, ok := w.board.PersonOf(key, subscriber)
	require.True(w, ok)
	return p.Answered
}

// notices lists the texts that the alert made us send back.
func (w *world) notices(key alerting.Key) []string {
	texts := []string{}
	views, _ := w.board.Deliveries(key, 0, 1000, func(d tracking.DeliveryView) bool { return d.Notice != "" })
	for _, d := range views {
		e, _ := w.board.Envelope(key, d.Index)
		texts = append(texts, e.Notice.Text)
	}
	return texts
}

func (w *world) remarks(key alerting.Key) []alerting.RemarkKind {
	kinds := []alerting.RemarkKind{}
	s, _ := w.board.Summary(key)
	for _, r := range s.Remarks {
		kinds = append(kinds, r.Kind)
	}
	return kinds
}
