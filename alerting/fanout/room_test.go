package fanout_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/fanout"
	"revere/subscribers/areas"
)

// bulky is what an alert says that takes about 10 kB of memory, with other fields.
func bulky(changes map[string]any) map[string]any {
	fields := map[string]any{"description": strings.Repeat("x", 9_000)}
	for name, value := range changes {
		fields[name] = value
	}
	return fields
}

// What alerts say takes so much memory and no more: others wait until some of them are over and filed. Extreme
// ones and corrections go on, the former and updates up to ten times as much. A withdrawal always does.
func TestWhatAlertsSayIsBounded(t *testing.T) {
	route(t, func(r *routing) {
		r.board.Archive = r.ledger
		r.room.MaxBytes = 25_000
		stop := r.start()
		severe := bulky(map[string]any{"severity": "severe"})
		for i := range uint64(4) {
			r.source.publish(recent(i+1, severe))
			synctest.Wait()
		}
		require.Equal(t, []alerting.Key{"a1", "a2", "a3"}, r.verdicts(), "the fourth waits, without a second look at all of them")
		assert.Contains(t, r.room.TooOpen(r.board, time.Now(), alerting.Severe.Rank()), "admission.open_text")

		sequence := uint64(4)
		for range 30 {
			sequence++
			r.source.publish(recent(sequence, bulky(extreme)))
			r.after(100 * time.Millisecond)
		}
		refused := 0
		for key := alerting.Key("a5"); key != alerting.KeyOf(sequence+1); key = alerting.KeyOf(key.Sequence() + 1) {
			if v := r.verdict(key); v.Verdict == alerting.VerdictRejected {
				refused++
				assert.Equal(t, alerting.CodeOverloaded, v.Reason)
				assert.NotEmpty(t, r.store.rejected[key], "it is kept")
			} else {
				assert.Zero(t, refused, "none goes on when there is no room")
			}
		}
		assert.InDelta(t, 8, refused, 2, "of 250 kB 3 alerts had 30 before")

		update := bulky(corrects(alerting.TypeUpdate, "u", "m1"))
		r.source.publish(recent(sequence+1, update), recent(sequence+2, bulky(corrects(alerting.TypeCancel, "c1", "m1"))))
		r.after(time.Second)
		assert.Equal(t, alerting.CodeOverloaded, r.verdict(alerting.KeyOf(sequence+1)).Reason)
		assert.Equal(t, alerting.VerdictAccepted, r.verdict(alerting.KeyOf(sequence+2)).Verdict)
		require.Empty(t, r.verdict("a4").Verdict)

		for _, key := range r.board.OpenKeys() {
			_, err := r.ledger.Append(r.Context(), alerting.Record{Alert: key, At: time.Now(), Expired: true})
			require.NoError(t, err)
		}
		r.after(2 * time.Second)
		require.Empty(t, r.verdict("a4").Verdict, "what is over is still in memory")
		for _, f := range r.board.FileableForRoom(time.Now().Add(time.Hour), 100) {
			r.board.File(f)
		}
		r.after(2 * time.Second)
		assert.Equal(t, alerting.VerdictAccepted, r.verdict("a4").Verdict)
		require.NoError(t, stop())
	})
}

// Who is refused over HTTP hears what there is too much of, and what to do.
func TestAdmissionSaysWhatThereIsTooMuchOf(t *testing.T) {
	w := newWorld(t)
	full := ""
	admission := fanout.NewAdmission(0, func(context.Context) (int, error) { return 7, nil }, func() error { return nil })
	admission.Why = func(int) string { return full }
	desk := fanout.Desk{Board: w.board, Atlas: areas.New(), Admission: admission, Now: func() time.Time { return start }}
	publish := func() error {
		_, err := desk.Publish(t.Context(), fanout.Publisher{Name: "soc"}, body(map[string]any{"areas": []string{"ma.boston"}}))
		require.Equal(t, alerting.CodeOverloaded, alerting.CodeOf(err))
		return err
	}
	require.ErrorContains(t, publish(), "7 alerts wait to be judged, and at most 0 may before one such as this; nothing was published, try again in a moment")

	full = "there is too much of it"
	admission = fanout.NewAdmission(0, func(context.Context) (int, error) { return 7, nil }, func() error { return nil })
	admission.Why = func(int) string { return full }
	desk.Admission = admission
	require.ErrorContains(t, publish(), "such as this, since there is too much of it; nothing was published, try again when some of those are over, or cancel some")
}
