package fanout_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

// forget drops what producers were told: a backup has no verdicts, and they are kept for three days.
func (r *routing) forget() {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	clear(r.store.verdicts)
	clear(r.store.inboxes)
}

// rerun has another router start, and end.
func (r *routing) rerun() {
	stop := r.start()
	r.after(time.Minute)
	require.NoError(r, stop())
}

func (r *routing) inbox() []alerting.Verdict {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	return r.store.inboxes["_INBOX.soc"]
}

// The producer of a correction that never waited heard all there is when it was judged.
func TestTheProducerOfAnOrdinaryCorrectionIsToldOnce(t *testing.T) {
	for name, prepare := range map[string]func(*routing){
		"of an open alert": func(r *routing) {
			r.source.publish(recent(1, nil))
		},
		"of one that was updated": func(r *routing) {
			r.source.publish(recent(1, nil), recent(2, map[string]any{"type": "update", "references": []string{"m1"}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			route(t, func(r *routing) {
				prepare(r)
				correction := recent(uint64(len(r.source.stream)+1), cancels("m1"))
				correction.VerdictTo = "_INBOX.soc"
				r.source.publish(correction)
				r.rerun()
				require.Len(t, r.inbox(), 1)
				r.forget()
				r.rerun()
				assert.Empty(t, r.inbox())
				if name == "of an open alert" {
					assert.Empty(t, r.verdicts())
					assert.Empty(t, r.source.again)
				}
			})
		})
	}
}

// A late correction whose verdicts are gone has one again, where it can be read. Nobody listens in an inbox for as
// long; and one that is heard of for days has no new one every three.
func TestALateCorrectionHasAVerdictAgain(t *testing.T) {
	route(t, func(r *routing) {
		archive, _ := r.longPast()
		correction := recent(2, cancels("old"))
		correction.VerdictTo = "_INBOX.soc"
		r.source.publish(correction)
		stop := r.start()
		archive.gate <- nil
		synctest.Wait()
		require.NoError(t, stop())
		r.forget()
		r.rerun()
		require.Equal(t, alerting.VerdictAccepted, r.verdict("a2").Verdict)
		assert.Empty(t, r.inbox())

		r.after(alerting.VerdictsKept)
		r.forget()
		r.attempt("a2", "sms", alerting.Accepted) // it is heard of
		r.rerun()
		assert.Empty(t, r.verdicts())
	})
}

// What made a correction may be gone from its stream: its verdict can't be given, and isn't tried for ever.
func TestACorrectionWhoseMessageIsGone(t *testing.T) {
	route(t, func(r *routing) {
		archive, _ := r.longPast()
		stop := r.start()
		r.source.publish(recent(2, cancels("old")))
		synctest.Wait()
		r.source.mu.Lock()
		r.source.gone = 2
		r.source.mu.Unlock()
		archive.gate <- nil
		r.after(time.Hour)
		require.NoError(t, stop())
		assert.LessOrEqual(t, len(r.source.again), 1)
		require.Len(t, r.manifests("a2"), 1, "it goes out all the same")
	})
}
