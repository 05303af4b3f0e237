package integration_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
	"revere/alerting/api"
	"revere/integration/harness"
	"revere/subscribers"
)

// A publication is an alert that its producer was told of as accepted.
type publication struct {
	name  string // its key, or the producer's id
	key   alerting.Key
	alert harness.Alert // nil for a correction
	lasts bool          // it does not expire within the history
}

var (
	chaosAreas = []string{"ma.boston", "ma.chelsea", "ma.cambridge", "ma.lowell", "ma.worcester", "ma.county-suffolk", "ma.statewide"}
	severities = []string{"extreme", "severe", "severe", "moderate", "minor", "unknown"}
	statuses   = []string{"actual", "actual", "actual", "exercise", "test", "draft"}
)

// produce does one thing that producers and the desk do.
func (c *chaos) produce(ctx context.Context, r *rand.Rand) {
	switch r.IntN(14) {
	case 0, 1, 2, 3:
		c.publish(ctx, r)
	case 4, 5:
		c.publishNATS(ctx, r)
	case 6, 7:
		c.repeat(ctx, r)
	case 8:
		c.contradict(ctx, r)
	case 9:
		c.garble(ctx, r)
	case 10, 11:
		c.correct(ctx, r)
	default:
		c.changeDirectory(ctx, r)
	}
}

func draw(r *rand.Rand) harness.Alert {
	return harness.NewAlert(pick(r, chaosAreas)).With("severity", pick(r, severities)).With("status", pick(r, statuses)).
		With("responses", []map[string]string{{"key": "1", "label": "On it"}, {"key": "2", "label": "Need help"}})
}

// insist does what producers do: it asks again until it is answered. It reports false when nobody
// answered in time.
func (c *chaos) insist(ctx context.Context, request harness.Request) (harness.Answer, bool) {
	for {
		a, err := c.w.Try(request)
		if err == nil && a.Status < http.StatusInternalServerError {
			return a, true
		}
		if !pause(ctx, 50*time.Millisecond) {
			return a, false
		}
	}
}

func (c *chaos) publish(ctx context.Context, r *rand.Rand) {
	alert, lasts := draw(r), true
	if r.IntN(6) == 0 {
		alert, lasts = alert.Expiring(2*time.Second+time.Duration(r.Int64N(int64(4*time.Second)))), false
	}
	a, answered := c.insist(ctx, harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: alert})
	var p api.Published
	switch {
	case !answered:
		return
	case a.Status == http.StatusAccepted && a.Into(&p) == nil:
		c.count("publication over HTTP")
		c.accepted(publication{name: string(p.Key), key: p.Key, alert: alert, lasts: lasts})
	case lasts:
		c.wonder("a good alert was answered %d: %s", a.Status, a.Body)
	}
}

func (c *chaos) accepted(p publication) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.published = append(c.published, p)
}

// any is some alert that was accepted before; false while there is none.
func (c *chaos) any(r *rand.Rand, fits func(publication) bool) (publication, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := r.IntN(1 << 20)
	for i := range c.published {
		if p := c.published[(n+i)%len(c.published)]; fits(p) {
			return p, true
		}
	}
	return publication{}, false
}

// publishNATS publishes as any NATS client does: the acknowledgement is all that it waits for.
func (c *chaos) publishNATS(ctx context.Context, r *rand.Rand) {
	alert := draw(r)
	area := alerting.Area(alert["areas"].([]string)[0])
	if _, ok := c.send(ctx, area.Subject(), alert.JSON()); ok {
		c.count("publication over NATS")
		c.accepted(publication{name: alert["id"].(string)})
	}
}

// send publishes a message until it is acknowledged.
func (c *chaos) send(ctx context.Context, subject string, body []byte) (key alerting.Key, ok bool) {
	for {
		if sequence, err := publishOnce(c.w.NATSURL(), subject, body); err == nil {
			return alerting.KeyOf(sequence), true
		}
		if !pause(ctx, 50*time.Millisecond) {
			return "", false
		}
	}
}

func publishOnce(url, subject string, body []byte) (uint64, error) {
	conn, err := nats.Connect(url, nats.MaxReconnects(0), nats.Timeout(time.Second))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	ack, err := js.Publish(ctx, subject, body)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// repeat publishes an alert that was accepted again, which is the same alert.
func (c *chaos) repeat(ctx context.Context, r *rand.Rand) {
	p, ok := c.any(r, func(p publication) bool { return p.alert != nil && p.lasts })
	if !ok {
		return
	}
	a, answered := c.insist(ctx, harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: p.alert})
	var again api.Published
	switch {
	case !answered:
	case a.Status != http.StatusAccepted || a.Into(&again) != nil:
		c.wonder("%s sent again was answered %d: %s", p.key, a.Status, a.Body)
	case again.Key != p.key && again.Verdict != "pending":
		c.wonder("%s sent again became %s", p.key, again.Key)
	default:
		c.count("repetition")
	}
}

// contradict publishes something else under an identity that is taken.
func (c *chaos) contradict(ctx context.Context, r *rand.Rand) {
	p, ok := c.any(r, func(p publication) bool { return p.alert != nil && p.lasts })
	if !ok {
		return
	}
	other := p.alert.With("headline", "Something else")
	a, answered := c.insist(ctx, harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: other})
	if answered && a.Status != http.StatusConflict {
		c.wonder("something else as %s was answered %d: %s", p.key, a.Status, a.Body)
	}
	c.count("contradiction")
}

// garble publishes what nobody can take. It must be kept, byte for byte.
func (c *chaos) garble(ctx context.Context, r *rand.Rand) {
	whole := draw(r).JSON()
	body := pick(r, [][]byte{
		[]byte(fmt.Sprintf("Phishing %d!", r.Uint64())), whole[:r.IntN(len(whole))], {0xff, 0xfe, byte(r.Uint32())}, draw(r).With("severity", "dreadful").JSON(),
	})
	if key, ok := c.send(ctx, "alerts.ma.boston", body); ok {
		c.count("garbled publication")
		c.mu.Lock()
		defer c.mu.Unlock()
		c.refused[key] = body
	}
}

// correct withdraws or updates an alert. One that was corrected meanwhile is refused.
func (c *chaos) correct(ctx context.Context, r *rand.Rand) {
	kind := pick(r, []string{"cancel", "update"})
	p, ok := c.any(r, func(p publication) bool { return p.key != "" })
	if !ok || r.IntN(3) == 0 { // most alerts should live a while
		return
	}
	request := harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts/" + string(p.key) + "/" + kind}
	if kind == "update" {
		request.Body = map[string]string{"instruction": "Change the passwords."}
	}
	a, answered := c.insist(ctx, request)
	var published api.Published
	if answered && a.Status == http.StatusAccepted && a.Into(&published) == nil {
		c.count(kind)
		c.accepted(publication{name: string(published.Key), key: published.Key})
	}
}

// changeDirectory imports people, new ones and others than before, or takes one out.
func (c *chaos) changeDirectory(ctx context.Context, r *rand.Rand) {
	if r.IntN(4) == 0 {
		c.insist(ctx, harness.Request{Method: http.MethodDelete, Path: "/api/v1/subscribers/" + clerk(r.IntN(chaosPeople))})
		c.count("removal from the directory")
		return
	}
	a, answered := c.insist(ctx, harness.Request{Method: http.MethodPost, Path: "/api/v1/subscribers/import", Body: someone(r, 1+r.IntN(8))})
	if answered && a.Status != http.StatusOK {
		c.wonder("an import was answered %d: %s", a.Status, a.Body)
	}
	c.count("import")
}

const chaosPeople = 40

func clerk(n int) string { return fmt.Sprintf("clerk-%02d", n) }

// someone draws people: each with one to three contacts in some order, in some places. Every tenth
// has a desk's telephone.
func someone(r *rand.Rand, n int) (people []subscribers.Subscriber) {
	for _, i := range r.Perm(chaosPeople)[:n] {
		contacts := []harness.Contact{
			harness.SMS(harness.Phone(i)), harness.Email(clerk(i) + "@boston.example"), harness.Signal(harness.Phone(100 + i)),
		}
		if i%10 == 0 {
			contacts[0] = harness.SMS(harness.Phone(99))
		}
		r.Shuffle(len(contacts), func(a, b int) { contacts[a], contacts[b] = contacts[b], contacts[a] })
		person := harness.Person(clerk(i), pick(r, chaosAreas), contacts[:1+r.IntN(3)]...)
		person.Shared = i%10 == 0
		person.MinSeverity = pick(r, []alerting.Severity{"", "", "", alerting.Severe, alerting.Moderate})
		people = append(people, person)
	}
	return people
}
