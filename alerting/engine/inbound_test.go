package engine_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

func reply(text string) alerting.Inbound {
	return alerting.Inbound{Channel: "sms", Kind: alerting.InboundReply, Text: text}
}

// putAll puts facts from as many callers at once as there are, each together with one that follows it.
func putAll(t *testing.T, e *engine.Engine, facts ...alerting.Inbound) (errs []error) {
	t.Helper()
	errs = make([]error, len(facts))
	var all sync.WaitGroup
	for i, fact := range facts {
		all.Go(func() { errs[i] = e.Put(t.Context(), fact, reply("behind "+fact.Text)) })
	}
	all.Wait()
	return errs
}

func replyTexts(n int) (facts []alerting.Inbound) {
	for i := range n {
		facts = append(facts, reply(fmt.Sprint(i)))
	}
	return facts
}

// storedTexts counts what is stored by its text, and holds that the facts of one call are one arrival.
func storedTexts(t *testing.T, e *engine.Engine, arrivals int) map[string]int {
	t.Helper()
	in, count := inbound(t, e), map[string]int{}
	for range arrivals {
		facts := next(t, in)
		require.Len(t, facts, 2)
		assert.Equal(t, "behind "+facts[0].Text, facts[1].Text)
		count[facts[0].Text]++
	}
	return count
}

// What comes in at the same time shares writes: 400 webhooks don't take 400 syncs. Each call is an arrival
// of its own all the same, since replies are judged one after the other.
func TestConcurrentPutsShareABatch(t *testing.T) {
	t.Parallel()
	e := open(t)
	const puts = 400
	for _, err := range putAll(t, e, replyTexts(puts)...) {
		require.NoError(t, err)
	}
	batches, alone, err := e.Commits(t.Context(), "INBOUND")
	require.NoError(t, err)
	assert.Less(t, batches+alone, puts/2, "many share one sync")
	stored := storedTexts(t, e, puts)
	assert.Len(t, stored, puts, "each is stored, and once")
}

// What one caller puts is stored in its order, whatever others put meanwhile.
func TestPutsOfOneCallerStayInOrder(t *testing.T) {
	t.Parallel()
	e := open(t)
	const callers, each = 40, 10
	var all sync.WaitGroup
	for caller := range callers {
		all.Go(func() {
			for i := range each {
				assert.NoError(t, e.Put(t.Context(), alerting.Inbound{Channel: "sms", From: fmt.Sprint(caller), Text: fmt.Sprint(i)}))
			}
		})
	}
	all.Wait()
	in, said := inbound(t, e), map[string]string{}
	for range callers * each {
		fact := next(t, in)[0]
		said[fact.From] += fact.Text
	}
	for caller, order := range said {
		assert.Equal(t, "0123456789", order, caller)
	}
}

// What waits for the same write is stored as it came, whether or not it is a batch: a START may follow a STOP.
func TestPutsThatWaitTogetherStayInOrder(t *testing.T) {
	t.Parallel()
	for _, n := range []int{2, 15, 16, 100} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			e := open(t)
			var all [][]byte
			for i := range n {
				data, err := engine.Encode([]alerting.Inbound{{Channel: "sms", Text: fmt.Sprint(i)}})
				require.NoError(t, err)
				all = append(all, data)
			}
			require.NoError(t, e.StoreTogether(t.Context(), "inbound.sms", all...))
			in := inbound(t, e)
			for i := range n {
				require.Equal(t, fmt.Sprint(i), next(t, in)[0].Text)
			}
		})
	}
}

// A provider that posts a webhook again while the first is under way has it stored twice, as when it posts
// it later: whoever draws from it knows a repetition by its id. Neither holds up what shares their write.
func TestARepetitionInTheSameGroupIsAnArrivalOfItsOwn(t *testing.T) {
	t.Parallel()
	e := open(t)
	twice := reply("twice")
	twice.ID = "SM1"
	for _, err := range putAll(t, e, append(replyTexts(50), twice, twice)...) {
		require.NoError(t, err)
	}
	stored := storedTexts(t, e, 52)
	assert.Equal(t, 2, stored["twice"])
	assert.Len(t, stored, 51)
}

// What can't be stored is refused to its own caller, and takes nothing with it that shares its write.
func TestPutThatIsRefusedTakesNoOtherWithIt(t *testing.T) {
	t.Parallel()
	e := open(t)
	const puts = 100
	facts := replyTexts(puts)
	facts[puts/2].Text = strings.Repeat("x", 1<<20)
	errs := putAll(t, e, facts...)
	for i, err := range errs {
		if i == puts/2 {
			assert.ErrorContains(t, err, "maximum payload exceeded")
		} else {
			assert.NoError(t, err)
		}
	}
	assert.Len(t, storedTexts(t, e, puts-1), puts-1)
}

// A process of an earlier version that starts beside this one sets INBOUND up without batches.
func TestPutsAreStoredWhereTheStreamTakesNoBatches(t *testing.T) {
	t.Parallel()
	e := open(t)
	require.NoError(t, e.ChangeStream(t.Context(), "INBOUND", func(c *jetstream.StreamConfig) { c.AllowAtomicPublish = false }))
	const puts = 100
	for _, err := range putAll(t, e, replyTexts(puts)...) {
		require.NoError(t, err)
	}
	batches, alone, err := e.Commits(t.Context(), "INBOUND")
	require.NoError(t, err)
	assert.Equal(t, []int{0, puts}, []int{batches, alone})
	assert.Len(t, storedTexts(t, e, puts), puts)
}

// Where nothing can be stored everyone hears it, and nothing is half there.
func TestPutsThatFailAllHearIt(t *testing.T) {
	t.Parallel()
	s := start(t, engine.ServerConfig{})
	e, witness := connect(t, s), connect(t, s)
	e.Close()
	for _, err := range putAll(t, e, replyTexts(100)...) {
		assert.Equal(t, alerting.CodeUnavailable, alerting.CodeOf(err))
	}
	batches, alone, err := witness.Commits(t.Context(), "INBOUND")
	require.NoError(t, err)
	assert.Zero(t, batches+alone)
}

// A lone put is written at once: no clock moves until it is. What comes while it is under way is stored
// together, when it is done.
func TestALonePutIsNeverHeldBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var groups []int
		hold := make(chan error)
		e := engine.PutsInto(func(messages int) error {
			assert.Zero(t, time.Since(began), "it was held back")
			groups = append(groups, messages)
			return <-hold
		})
		failed := errors.New("no disk")
		puts := func(n int) chan error {
			done := make(chan error, n)
			for range n {
				go func() { done <- e.Put(t.Context(), reply("x")) }()
			}
			synctest.Wait()
			return done
		}
		lone := puts(1)
		assert.Equal(t, []int{1}, groups)
		together := puts(400)
		assert.Equal(t, []int{1}, groups)
		hold <- nil
		assert.NoError(t, <-lone)
		synctest.Wait()
		assert.Equal(t, []int{1, 400}, groups)
		later := puts(1)
		hold <- failed
		for range 400 {
			assert.ErrorContains(t, <-together, failed.Error())
		}
		hold <- nil
		assert.NoError(t, <-later, "a failure is of those alone who shared the write")
		assert.Equal(t, []int{1, 400, 1}, groups)
	})
}

// A group is no larger than a batch may be, in messages and in bytes: what is beyond it shares the next one.
func TestPutsBeyondOneBatchShareTheNext(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		puts, bytes int
		want        []int
	}{
		"messages": {2500, 1, []int{1, 1000, 1000, 499}},
		"bytes":    {8, 1 << 20, []int{1, 3, 3, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var groups []int
				hold := make(chan error)
				e := engine.PutsInto(func(messages int) error { groups = append(groups, messages); return <-hold })
				fact := reply(strings.Repeat("x", x.bytes))
				var all sync.WaitGroup
				for range x.puts {
					all.Go(func() { assert.NoError(t, e.Put(t.Context(), fact)) })
				}
				synctest.Wait()
				close(hold)
				all.Wait()
				assert.Equal(t, x.want, groups)
			})
		})
	}
}

// Who gives up is kept by nobody else's write. What it put is stored all the same, with the others' facts.
func TestPutEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		began, hold := make(chan int, 2), make(chan error)
		e := engine.PutsInto(func(messages int) error { began <- messages; return <-hold })
		ctx, cancel := context.WithCancel(t.Context())
		stays, gone := make(chan error, 2), make(chan error, 1)
		go func() { stays <- e.Put(t.Context(), reply("under way")) }()
		synctest.Wait()
		go func() { gone <- e.Put(ctx, reply("given up")) }()
		go func() { stays <- e.Put(t.Context(), reply("waits")) }()
		synctest.Wait()
		cancel()
		assert.Equal(t, alerting.CodeUnavailable, alerting.CodeOf(<-gone))
		for _, messages := range []int{1, 2} {
			assert.Equal(t, messages, <-began)
			hold <- nil
			assert.NoError(t, <-stays)
		}
	})
}
