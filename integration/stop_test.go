package integration_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/integration/harness"
	"revere/integration/twiliosim"
)

// Whatever is going on when it is stopped, the service comes to its end, and the next one goes on
// where it was: nobody is told twice.
func TestStoppingAtAnyMoment(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true, Settings: map[string]string{"CHANNELS__SMS__RATE": "150"}})
	people := crowd(150)
	w.Import(people...)
	w.Twilio.SetBehavior(twiliosim.Behavior{Latency: 5 * time.Millisecond, ReceiptDelay: 5 * time.Millisecond})
	var keys []alerting.Key
	for range 5 {
		p := w.Publish(harness.NewAlert("ma.boston"))
		keys = append(keys, p.Key)
		moment := time.NewTimer(time.Duration(rand.Int64N(int64(600 * time.Millisecond))))
		<-moment.C
		require.NoError(t, w.Interrupt())
		w.Begin()
	}
	for _, key := range keys {
		w.Finished(key)
	}
	checked(t, w, history{people: people, keys: keys})
	require.Len(t, provided(w), len(keys)*len(people), "each message went out once")
}
