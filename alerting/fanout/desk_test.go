package fanout_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/fanout"
	"revere/alerting/tracking"
	"revere/subscribers/areas"
)

// A running is a desk and a router on a real engine.
type running struct {
	*testing.T
	engine *engine.Engine
	board  *tracking.Board
	desk   fanout.Desk
}

var soc = fanout.Publisher{Name: "soc", MayAddress: func(a alerting.Area) bool { return a.State() == "ma" }}

func run(t *testing.T, people ...candidate) *running {
	t.Helper()
	server, err := engine.StartServer(engine.ServerConfig{Dir: t.TempDir(), Log: zerolog.Nop()})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Stop()) })
	e, err := engine.Embedded(t.Context(), server, zerolog.Nop())
	require.NoError(t, err)
	t.Cleanup(e.Close)
	board := tracking.NewBoard()
	ctx, cancel := context.WithCancel(context.Background())
	_, err = e.FollowLedger(ctx, 0, board.Apply)
	require.NoError(t, err)
	router := &fanout.Router{
		Store: e, Board: board, Atlas: areas.New(), Audience: crowd(people), Unplaced: func([]alerting.Area) []alerting.Area { return nil }, Refresh: func(context.Context) error { return nil },
		Now: time.Now, Log: zerolog.Nop(), Observe: func(string, int) {},
	}
	journal := e.Journal(engine.LedgerAlerts, 0)
	ended := make(chan error, 1)
	go func() { ended <- router.Run(ctx, e, journal) }()
	t.Cleanup(func() { cancel(); assert.NoError(t, <-ended) })
	return &running{t, e, board, fanout.Desk{Board: board, Atlas: areas.New(), Submit: e.Submit, Await: e.AwaitVerdict, Now: time.Now}}
}

func (r *running) publish(changes map[string]any) alerting.Verdict {
	r.Helper()
	v, err := r.desk.Publish(r.Context(), soc, body(changes))
	require.NoError(r, err)
	return v
}

func TestDesk(t *testing.T) {
	r := run(t, clerks("ma.boston", "ma.chelsea")...)

	t.Run("publishes once, on the narrowest subject, and shows it at once", func(t *testing.T) {
		v := r.publish(map[string]any{"areas": []string{"ma.boston", "ma.chelsea"}})
		assert.Equal(t, alerting.VerdictAccepted, v.Verdict)
		assert.Equal(t, "alerts.ma.statewide", v.Subject)
		s, ok := r.board.Summary(v.Alert)
		require.True(t, ok)
		assert.Equal(t, 2, s.People)
		assert.Equal(t, "soc", s.Producer)
		assert.GreaterOrEqual(t, s.Sequence, v.Ledger)
		assert.True(t, r.publish(map[string]any{"areas": []string{"ma.boston", "ma.chelsea"}}).Repeated)
	})

	t.Run("refuses before anything is published", func(t *testing.T) {
		before, err := r.engine.LedgerEnd(t.Context())
		require.NoError(t, err)
		for want, changes := range map[string]map[string]any{
			alerting.CodeConflict:    {"areas": []string{"ma.boston"}, "headline": "Something else"},
			alerting.CodeOutsideArea: {"areas": []string{"ny.statewide"}},
			alerting.CodeMissing:     {},
		} {
			unsent := r.desk
			unsent.Submit = func(context.Context, alerting.Area, string, []byte) (uint64, error) {
				t.Error("published")
				return 0, nil
			}
			_, err := unsent.Publish(t.Context(), soc, body(changes))
			assert.Equal(t, want, alerting.CodeOf(err), "%v", err)
		}
		after, err := r.engine.LedgerEnd(t.Context())
		require.NoError(t, err)
		assert.Equal(t, before, after)
	})

	t.Run("tells what the router refuses", func(t *testing.T) {
		v, err := r.desk.Publish(t.Context(), soc, body(map[string]any{"id": "late", "areas": []string{"ma.boston"}, "type": "cancel", "references": []string{"nothing"}}))
		assert.Equal(t, alerting.CodeReference, alerting.CodeOf(err))
		assert.Equal(t, alerting.VerdictRejected, v.Verdict)
	})

	t.Run("an update, and a cancel of both", func(t *testing.T) {
		first := r.publish(map[string]any{"id": "corrected", "areas": []string{"ma.boston"}, "responses": []map[string]string{{"key": "1", "label": "On it"}}})
		update, err := r.desk.Correct(t.Context(), soc, first.Alert, alerting.TypeUpdate, []byte(`{"headline": "It is worse", "status": "test"}`))
		require.NoError(t, err)
		opened, _ := r.board.Opened(update.Alert)
		assert.Equal(t, "It is worse", opened.Alert.Headline)
		assert.Equal(t, alerting.StatusActual, opened.Alert.Status, "a correction can't change it")
		assert.Len(t, opened.Alert.Responses, 1)
		assert.NotEqual(t, "corrected", opened.Alert.ID)

		cancel, err := r.desk.Correct(t.Context(), soc, first.Alert, alerting.TypeCancel, nil)
		require.NoError(t, err)
		opened, _ = r.board.Opened(cancel.Alert)
		assert.Empty(t, opened.Alert.Responses)
		for _, key := range []alerting.Key{first.Alert, update.Alert} {
			head, _ := r.board.Head(key)
			assert.NotEmpty(t, head.ReplacedBy)
		}
		_, err = r.desk.Correct(t.Context(), soc, update.Alert, alerting.TypeCancel, nil)
		assert.Equal(t, alerting.CodeConflict, alerting.CodeOf(err))
	})

	t.Run("an alert stands although no verdict comes in time", func(t *testing.T) {
		d := r.desk
		d.Await = func(context.Context, alerting.Key) (alerting.Verdict, error) {
			return alerting.Verdict{}, context.DeadlineExceeded
		}
		v, err := d.Publish(t.Context(), soc, body(map[string]any{"id": "slow", "areas": []string{"ma.boston"}}))
		require.NoError(t, err)
		assert.Equal(t, fanout.VerdictPending, v.Verdict)
		judged, err := r.engine.AwaitVerdict(t.Context(), v.Key)
		require.NoError(t, err)
		assert.Equal(t, alerting.VerdictAccepted, judged.Verdict)
	})
}

func TestCorrection(t *testing.T) {
	w := newWorld(t)
	w.accept(on(1, "ma.boston", nil))
	desk := fanout.Desk{Board: w.board}
	tests := map[string]struct {
		changes string
		want    string
	}{
		"nothing changes": {"", ""}, "null changes nothing": {"null", ""}, "an object": {`{"headline": "other"}`, ""},
		"a list": {"[1]", alerting.CodeMalformed}, "two objects": {"{} {}", alerting.CodeMalformed}, "half": {`{"headline"`, alerting.CodeMalformed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			raw, err := desk.Correction("a1", alerting.TypeUpdate, []byte(test.changes))
			require.Equal(t, test.want, alerting.CodeOf(err))
			if err != nil {
				return
			}
			var fields map[string]any
			require.NoError(t, json.Unmarshal(raw, &fields))
			assert.Equal(t, []any{"a1"}, fields["references"])
			assert.Equal(t, "update", fields["type"])
			assert.NotContains(t, fields, "id")
		})
	}
	_, err := desk.Correction("a2", alerting.TypeUpdate, nil)
	assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err))
}
