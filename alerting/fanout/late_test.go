package fanout_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// A slowArchive is a ledger that is read again only when a test lets it.
type slowArchive struct {
	*trackingtest.Ledger
	gate chan error // what each reading comes to
}

func (s *slowArchive) Records(key alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	if err := <-s.gate; err != nil {
		return err
	}
	return s.Ledger.Records(key, first, last, visit)
}

// longPast opens an alert to the Boston clerk, and files it.
func (r *routing) longPast() (*slowArchive, alerting.Key) {
	archive := &slowArchive{Ledger: r.ledger, gate: make(chan error)}
	r.board.Archive = archive
	r.source.publish(recent(1, map[string]any{"id": "old"}))
	stop := r.start()
	synctest.Wait()
	require.NoError(r, stop())
	r.attempt("a1", "sms", alerting.Accepted)
	_, err := r.ledger.Append(r.Context(), alerting.Record{Alert: "a1", At: time.Now(), Expired: true})
	require.NoError(r, err)
	r.file("a1")
	return archive, "a1"
}

func (r *routing) file(key alerting.Key) {
	for _, f := range r.board.Fileable(time.Now().Add(time.Hour), 10) {
		if f.Key == key {
			r.board.File(f)
		}
	}
	require.True(r, r.board.Away(key))
}

func cancels(id string) map[string]any {
	return map[string]any{"type": "cancel", "references": []string{id}}
}

// While a filed alert is read again for its correction, everybody else's alerts and corrections go on.
func TestNobodyWaitsForACorrectionOfAnAlertLongPast(t *testing.T) {
	route(t, func(r *routing) {
		archive, old := r.longPast()
		stop := r.start()
		r.source.publish(recent(2, map[string]any{"type": "cancel", "references": []string{"old"}, "severity": "severe"}))
		synctest.Wait()
		r.source.publish(recent(3, nil), recent(4, extreme), recent(5, cancels("m3")))
		synctest.Wait()
		assert.Equal(t, []alerting.Key{"a1", "a2", "a3", "a4", "a5"}, r.verdicts(), "each is on record, the correction too")
		for _, key := range []alerting.Key{"a3", "a4", "a5"} {
			assert.Len(t, r.manifests(key), 1, "%s", key)
		}
		assert.Empty(t, r.manifests("a2"))
		head, _ := r.board.Head(old)
		assert.Equal(t, alerting.Key("a2"), head.ReplacedBy, "what it withdraws is withdrawn")

		archive.gate <- nil
		synctest.Wait()
		require.NoError(t, stop())
		require.Len(t, r.manifests("a2"), 1)
		assert.Equal(t, []string{"sms:boston"}, r.due("a2"), "it goes where the original went")
	})
}

// A router that dies while it reads has lost nothing: the next one reads what the ledger says is needed,
// and expands it once.
func TestALateCorrectionSurvivesTheRouter(t *testing.T) {
	route(t, func(r *routing) {
		archive, _ := r.longPast()
		stop := r.start()
		r.source.publish(recent(2, cancels("old")))
		synctest.Wait()
		require.NoError(t, stop())
		require.Equal(t, alerting.Judged{Through: 2, Furthest: 2}, r.noted())
		archive.gate <- errors.New("the process died")
		synctest.Wait()
		require.Empty(t, r.manifests("a2"))

		stop = r.start()
		synctest.Wait()
		archive.gate <- errors.New("no quorum")
		r.after(10 * time.Second)
		archive.gate <- nil
		synctest.Wait()
		require.NoError(t, stop())
		require.Len(t, r.manifests("a2"), 1)
		assert.Equal(t, []string{"sms:boston"}, r.due("a2"))

		stop = r.start()
		synctest.Wait()
		require.NoError(t, stop())
		assert.Len(t, r.manifests("a2"), 1, "once")
	})
}

// What is published about a correction while it waits counts: another area of its own, and its withdrawal.
func TestALateCorrectionIsWidenedAndCorrected(t *testing.T) {
	update := map[string]any{"id": "u", "type": "update", "references": []string{"old"}}
	chelsea := func(sequence uint64) alerting.Submission {
		s := recent(sequence, update)
		s.Subject = alerting.Area("ma.chelsea").Subject()
		return s
	}
	t.Run("widened", func(t *testing.T) {
		route(t, func(r *routing) {
			r.people = crowd(clerks("ma.boston", "ma.chelsea"))
			archive, _ := r.longPast()
			stop := r.start()
			r.source.publish(recent(2, update), chelsea(3))
			synctest.Wait()
			require.True(t, r.verdict("a3").Repeated)
			archive.gate <- nil
			synctest.Wait()
			require.NoError(t, stop())
			require.Len(t, r.manifests("a2"), 1)
			assert.ElementsMatch(t, []string{"sms:boston", "sms:chelsea"}, r.due("a2"))
		})
	})
	t.Run("withdrawn", func(t *testing.T) {
		route(t, func(r *routing) {
			archive, _ := r.longPast()
			stop := r.start()
			r.source.publish(recent(2, update), recent(3, cancels("u")))
			synctest.Wait()
			archive.gate <- nil
			synctest.Wait()
			require.NoError(t, stop())
			assert.Empty(t, r.due("a2"), "it was withdrawn before it went out")
			assert.Equal(t, []string{"sms:boston"}, r.due("a3"), "who has the original hears of its withdrawal")
			head, _ := r.board.Head("a2")
			assert.Equal(t, tracking.Canceled, head.Phase)
			assert.True(t, head.Finished)
		})
	})
}
