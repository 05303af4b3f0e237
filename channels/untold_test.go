package channels

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

func attemptAt(delivery int) alerting.Due {
	return alerting.Due{Alert: "a1", Delivery: uint32(delivery), Attempt: 2}
}

// What is still asked about is known from its first question on, however many others there are; what nobody asks
// about any more is forgotten.
func TestHowLongAnAttemptIsAskedAbout(t *testing.T) {
	u, start := &untold{}, time.Unix(1e9, 0)
	for i := range untoldMany {
		require.Equal(t, start, u.since(attemptAt(i), start))
	}
	soon := start.Add(askFor)
	for i := range 3 * untoldMany { // a third of which is known
		want := soon
		if i < untoldMany {
			want = start
		}
		require.Equal(t, want, u.since(attemptAt(i), soon), "attempt %d", i)
	}
	assert.Len(t, u.first, 3*untoldMany)

	later := soon.Add(untoldKept + time.Second)
	for i := range 20 * untoldMany {
		u.since(attemptAt(100*untoldMany+i), later.Add(time.Duration(i)*time.Second))
		require.LessOrEqual(t, len(u.first), 10*untoldMany)
	}
	again := later.Add(20 * untoldMany * time.Second)
	assert.Equal(t, again, u.since(attemptAt(0), again), "it is forgotten")
}

func TestAnAttemptThatIsForgottenIsNewAgain(t *testing.T) {
	u, start := &untold{}, time.Unix(1e9, 0)
	u.since(attemptAt(1), start)
	u.since(attemptAt(2), start)
	u.forget(attemptAt(1))
	assert.Equal(t, start.Add(time.Minute), u.since(attemptAt(1), start.Add(time.Minute)))
	assert.Equal(t, start, u.since(attemptAt(2), start.Add(time.Minute)))
}
