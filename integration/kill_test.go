package integration_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/integration/harness"
	"revere/integration/twiliosim"
	"revere/subscribers"
)

var (
	soak = flag.Duration("soak", 0, "how long the kill and cluster tests go on; 0 is a few rounds")
	seed = flag.Uint64("seed", 0, "seed of their histories; 0 picks one")
)

// Rounds and people of the kill test, unless it soaks.
const (
	killRounds = 4
	recipients = 300
	settleTime = 90 * time.Second
)

// Whatever moment the process is killed at, everyone gets what they should, nothing goes out that is
// not on record, and twice only where nobody could know.
func TestKill9InTheMiddleOfABlast(t *testing.T) {
	t.Parallel()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("the history's seed: -seed %d", s)
	k := &killer{t: t, random: rand.New(rand.NewPCG(s, 0))}
	k.w = harness.New(t, harness.Options{Settings: map[string]string{
		"CHANNELS__SMS__RATE": "300", "CHANNELS__EMAIL__RATE": "60", "CHANNELS__SIGNAL__RATE": "20", "CHANNELS__FALLBACK_AFTER__SEVERE": "10m",
	}})
	k.w.Twilio.SetBehavior(twiliosim.Behavior{Latency: 20 * time.Millisecond, ReceiptDelay: 10 * time.Millisecond})
	k.w.SMTP.SetLatency(2 * time.Millisecond)
	k.did = history{people: town(recipients), fallbackAfter: 10 * time.Minute, acknowledged: map[alerting.Key][]string{}}
	k.w.Import(k.did.people...)
	for began := time.Now(); k.rounds < killRounds || time.Since(began) < *soak; k.rounds++ {
		k.round()
	}
	k.settle()
	checked(t, k.w, k.did)
	t.Logf("%d kills, %d alerts, %d messages", k.rounds, len(k.did.keys), len(provided(k.w)))
}

// town is people of Boston, most with a phone, some with mail and a few on Signal.
func town(n int) []subscribers.Subscriber {
	people := make([]subscribers.Subscriber, n)
	for i := range people {
		contact := harness.SMS(harness.Phone(i))
		switch {
		case i%15 == 7:
			contact = harness.Email(fmt.Sprintf("clerk-%03d@boston.example", i))
		case i%50 == 9:
			contact = harness.Signal(harness.Phone(i))
		}
		people[i] = harness.Person(fmt.Sprintf("clerk-%03d", i), "ma.boston", contact)
	}
	return people
}

// A killer drives one history.
type killer struct {
	t      *testing.T
	w      *harness.World
	random *rand.Rand
	did    history
	rounds int
}

// round publishes an alert, lets somebody answer the one before, and kills the service somewhere in
// between or shortly after.
func (k *killer) round() {
	published := make(chan api.Published, 1)
	alert := harness.NewAlert("ma.boston")
	go func() {
		defer close(published)
		// Half of the alerts are under way when the process dies: what was acknowledged counts.
		if p, err := try(k.w, alert); err == nil {
			published <- p
		}
	}()
	k.answer()
	moment := time.NewTimer(time.Duration(k.random.Int64N(int64(1500 * time.Millisecond))))
	<-moment.C
	k.w.Kill9()
	p, taken := <-published
	k.w.Begin()
	if !taken {
		// The producer got no answer, and does what producers do: it sends the same alert again.
		p = k.w.Publish(alert)
	}
	k.did.keys = append(k.did.keys, p.Key)
}

func try(w *harness.World, alert harness.Alert) (p api.Published, err error) {
	a, err := w.Try(harness.Request{Method: http.MethodPost, Path: "/api/v1/alerts", Body: alert})
	if err != nil {
		return p, err
	}
	if a.Status != http.StatusAccepted {
		return p, fmt.Errorf("HTTP %d: %s", a.Status, a.Body)
	}
	return p, a.Into(&p)
}

// answer acknowledges an earlier alert for somebody; what is answered 201 must never vanish.
func (k *killer) answer() {
	if len(k.did.keys) == 0 {
		return
	}
	key := k.did.keys[k.random.IntN(len(k.did.keys))]
	who := k.did.people[k.random.IntN(len(k.did.people))].ID
	a, err := k.w.Try(harness.Request{
		Method: http.MethodPost, Path: "/api/v1/alerts/" + string(key) + "/acknowledgements", Body: map[string]string{"subscriber": who},
	})
	if err == nil && a.Status == http.StatusCreated {
		k.did.acknowledged[key] = append(k.did.acknowledged[key], who)
	}
}

// settle waits until nothing is due any more.
func (k *killer) settle() {
	harness.Within(k.t, settleTime, func() error {
		for _, key := range k.did.keys {
			if s := k.w.Summary(key); !s.Finished {
				return fmt.Errorf("%s is not finished: %v", key, s.States)
			}
		}
		return nil
	})
	require.NotEmpty(k.t, k.did.keys)
}
