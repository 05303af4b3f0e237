package fanout_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
)

func TestAcceptedAlertHasARecordACodeAndAManifest(t *testing.T) {
	w := newWorld(t, clerks("ma.boston", "ma.chelsea")...)
	v := w.publish(on(7, "ma.boston", nil))
	head, ok := w.board.Head("a7")
	require.True(t, ok)
	assert.Equal(t, alerting.Verdict{
		Key: "a7", Verdict: alerting.VerdictAccepted, Sequence: 7, Subject: "alerts.ma.boston", Alert: "a7", ID: "phishing", Sender: "soc@sec.state.ma.us",
		Code: head.Code, Warnings: v.Warnings, Ledger: w.board.Reached(),
	}, v)
	assert.Equal(t, v.Code, alerting.ParseCode(v.Code))
	assert.Len(t, v.Warnings, 1, "the municipalities were not imported")
	assert.True(t, head.Expanded)
	assert.Equal(t, []string{"sms:boston"}, w.due("a7"))
	m := w.manifest("a7")
	assert.EqualValues(t, 42, m.Revision)
	assert.Equal(t, []alerting.Area{"ma.winthrop"}, m.Uncovered)
}

func TestAbsentIDAndSentComeFromTheStream(t *testing.T) {
	w := newWorld(t)
	v := w.publish(on(7, "ma.boston", map[string]any{"id": nil}))
	opened, _ := w.board.Opened(v.Alert)
	assert.Equal(t, "a7", opened.Alert.ID)
	assert.Equal(t, start, opened.Alert.Sent)
	assert.Equal(t, start.Add(24*time.Hour), opened.Alert.Expires)
}

func TestBadAlertIsKeptWithEveryProblemAndDelaysNobody(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	bad := on(1, "ma.boston", map[string]any{"status": nil, "severity": "terrible", "areas": []string{"ma.chelsea"}, "expires": "2026-11-03T00:00:00Z"})
	notJSON := on(2, "ma.boston", nil)
	notJSON.Body = []byte("not JSON \xff")
	nowhere := on(3, "ma.boston", nil)
	nowhere.Subject = "alerts.ma.boston.extra"
	require.NoError(t, w.judge(bad, notJSON, nowhere, on(4, "ma.boston", nil)))

	v := w.store.verdicts["a1"]
	assert.Equal(t, alerting.VerdictRejected, v.Verdict)
	var pointers []string
	for _, p := range v.Problems {
		pointers = append(pointers, p.Pointer)
		assert.NotEmpty(t, p.Detail)
	}
	for _, want := range []string{"/status", "/severity", "/areas", "/expires"} {
		assert.Contains(t, pointers, want)
	}
	assert.Equal(t, alerting.CodeMalformed, w.store.verdicts["a2"].Reason)
	assert.Equal(t, alerting.CodeUnknownArea, w.store.verdicts["a3"].Reason)
	assert.Equal(t, alerting.VerdictAccepted, w.store.verdicts["a4"].Verdict)
	assert.Equal(t, map[alerting.Key]string{"a1": string(bad.Body), "a2": "not JSON \xff", "a3": string(nowhere.Body)}, w.store.rejected)
	assert.Equal(t, []alerting.Key{"a4"}, w.board.Keys(nil), "what was refused changed nothing")
}

func TestIdentity(t *testing.T) {
	wider := map[string]any{"areas": []string{"ma.boston", "ma.chelsea"}}
	tests := map[string]struct {
		second alerting.Submission
		want   string // "same", "new" or the code of the refusal
	}{
		"the same content":                {on(2, "ma.boston", nil), "same"},
		"the same content, other spacing": {spaced(on(2, "ma.boston", nil)), "same"},
		"the same content, wider":         {on(2, "ma.boston", wider), "same"},
		"the same content, elsewhere":     {on(2, "ma.chelsea", nil), "same"},
		"other content":                   {on(2, "ma.boston", map[string]any{"headline": "Something else"}), alerting.CodeConflict},
		"another sender":                  {on(2, "ma.boston", map[string]any{"sender": "other@x.org"}), "new"},
		"another id":                      {on(2, "ma.boston", map[string]any{"id": "other"}), "new"},
		"another producer":                {by("desk", on(2, "ma.boston", map[string]any{"areas": []string{"ma.boston"}})), "new"},
	}
	for name, test := range tests {
		for _, together := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				w := newWorld(t, clerks("ma.boston", "ma.chelsea")...)
				first := on(1, "ma.boston", nil)
				if together { // in one pass of the router
					require.NoError(t, w.judge(first, test.second))
				} else {
					require.NoError(t, w.judge(first))
					require.NoError(t, w.judge(test.second))
				}
				v := w.store.verdicts["a2"]
				switch test.want {
				case "same":
					assert.EqualValues(t, "a1", v.Alert)
					assert.True(t, v.Repeated)
					assert.Equal(t, w.store.verdicts["a1"].Code, v.Code)
					assert.NotZero(t, v.Ledger)
				case "new":
					assert.EqualValues(t, "a2", v.Alert)
					assert.NotEqual(t, w.store.verdicts["a1"].Code, v.Code)
				default:
					assert.Equal(t, test.want, v.Reason)
					assert.Contains(t, w.store.rejected, alerting.Key("a2"))
				}
			})
		}
	}
}

func spaced(s alerting.Submission) alerting.Submission {
	s.Body = []byte(strings.ReplaceAll(string(s.Body), `,"`, " ,\n \""))
	return s
}

func TestAnotherAreaReachesOnlyWhoIsNew(t *testing.T) {
	both := person("both", []string{"sms"}, "ma.boston", "ma.chelsea")
	w := newWorld(t, append(clerks("ma.boston", "ma.chelsea"), both)...)
	key := w.accept(on(1, "ma.boston", nil))
	w.attempt(key, "sms", alerting.Accepted)
	w.accept(on(2, "ma.chelsea", nil))
	assert.Equal(t, []string{"sms:chelsea"}, w.due(key))
	s, _ := w.board.Summary(key)
	assert.Equal(t, []alerting.Area{"ma.boston", "ma.chelsea"}, s.Alert.Areas)
	assert.Equal(t, 3, s.People)
	assert.Equal(t, 3, s.Deliveries)
	w.accept(on(3, "ma.chelsea", nil))
	assert.Len(t, w.manifests(key), 2, "the third message added nothing")
}

func TestAlertThatIsOverCantBeWidened(t *testing.T) {
	w := newWorld(t, clerks("ma.boston", "ma.chelsea")...)
	w.accept(on(1, "ma.boston", nil))
	w.accept(on(2, "ma.boston", corrects(alerting.TypeCancel, "off", "phishing")))
	assert.Equal(t, alerting.CodeClosed, w.publish(on(3, "ma.chelsea", nil)).Reason)
	assert.True(t, w.publish(on(4, "ma.boston", nil)).Repeated, "the same message again is still the same alert")
}

func TestDraftsAndSystemMessagesReachNobody(t *testing.T) {
	for _, status := range []string{"draft", "system"} {
		w := newWorld(t, clerks("ma.boston", "ma.chelsea")...)
		key := w.accept(on(1, "ma.boston", map[string]any{"status": status}))
		w.accept(on(2, "ma.chelsea", map[string]any{"status": status})) // nor does a wider one
		assert.Empty(t, w.due(key))
		s, _ := w.board.Summary(key)
		assert.Zero(t, s.People)
		assert.True(t, s.Finished)
	}
	for _, status := range []string{"test", "exercise"} {
		w := newWorld(t, clerks("ma.boston")...)
		assert.Len(t, w.due(w.accept(on(1, "ma.boston", map[string]any{"status": status}))), 1)
	}
}

func TestCodesAreUniqueAmongOpenAlerts(t *testing.T) {
	w := newWorld(t)
	var batch []alerting.Submission
	for i := range uint64(400) {
		batch = append(batch, on(i+1, "ma.boston", map[string]any{"id": nil}))
		if i%50 == 49 {
			require.NoError(t, w.judge(batch...))
			batch = nil
		}
	}
	codes := w.board.CodesInUse(start)
	require.Len(t, codes, 400)
	slices.Sort(codes)
	assert.Len(t, slices.Compact(codes), 400)
}

// The code of an alert that is over is nobody's for a week: not even where it is the only one left that is far from
// those of all open alerts.
func TestACodeIsNotGivenAgainWhenItsAlertIsOver(t *testing.T) {
	w := newWorld(t)
	for i := range uint64(150) { // more than are two places apart with three characters
		over := start.Add(48 * time.Hour)
		if i%2 == 0 {
			over = start.Add(time.Hour)
		}
		w.accept(on(i+1, "ma.boston", map[string]any{"id": nil, "expires": over.Format(time.RFC3339)}))
	}
	given := map[string]bool{}
	for _, code := range w.board.CodesInUse(start) {
		given[code] = true
	}
	w.now = start.Add(2 * time.Hour)
	for i := range uint64(100) {
		s := on(i+1000, "ma.boston", map[string]any{"id": nil, "sent": w.now.Format(time.RFC3339), "expires": w.now.Add(time.Hour).Format(time.RFC3339)})
		s.Received = w.now
		head, _ := w.board.Head(w.accept(s))
		require.False(t, given[head.Code], head.Code)
		given[head.Code] = true
	}
}

// The router can die at any write. Whoever judges the same messages again completes what it began:
// one record, one manifest, one verdict each.
func TestAnyCrashIsCompletedByJudgingAgain(t *testing.T) {
	messages := []alerting.Submission{
		on(1, "ma.boston", nil),
		on(2, "ma.chelsea", nil), // widens the first
		on(3, "ma.boston", map[string]any{"status": nil}),
		on(4, "ma.boston", corrects(alerting.TypeUpdate, "more", "phishing")),
		on(5, "ma.boston", corrects(alerting.TypeCancel, "off", "more")),
	}
	whole := crashed(t, messages, func(*world, int) {})
	for n := 1; n <= 3; n++ {
		for name, crash := range map[string]func(w *world, tries int){
			"before the write": func(w *world, tries int) { once(tries, func() { w.ledger.Break(n, false) }) },
			"after the write":  func(w *world, tries int) { once(tries, func() { w.ledger.Break(n, true) }) },
			"at the store":     func(w *world, tries int) { once(tries, func() { w.store.fail = true }) },
			"long before":      func(w *world, tries int) { once(tries, func() { w.ledger.Break(n, true); w.store.fail = true }) },
		} {
			t.Run(name, func(t *testing.T) { assert.Equal(t, whole, crashed(t, messages, crash), "write %d", n) })
		}
	}
}

func once(tries int, do func()) {
	if tries == 0 {
		do()
	}
}

// An end is what there is when everything was judged.
type end struct {
	Phases    map[alerting.Key]tracking.Phase
	Audiences map[alerting.Key][]string
	Verdicts  map[alerting.Key]string
	Rejected  int
}

func crashed(t *testing.T, messages []alerting.Submission, crash func(w *world, tries int)) end {
	t.Helper()
	w := newWorld(t, clerks("ma.boston", "ma.chelsea")...)
	for i, m := range messages {
		for tries := 0; ; tries++ {
			crash(w, tries)
			if w.judge(m) == nil {
				break
			}
			require.Less(t, tries, 10)
			w.board = w.ledger.Replayed()
			w.ledger = w.ledger.Following(w.board)
		}
		w.ledger.Break(0, false)
		if i == 1 {
			w.attempt("a1", "sms", alerting.Unknown)
		}
	}
	e := end{map[alerting.Key]tracking.Phase{}, map[alerting.Key][]string{}, map[alerting.Key]string{}, len(w.store.rejected)}
	for _, key := range w.board.Keys(nil) {
		head, _ := w.board.Head(key)
		assert.True(t, head.Expanded)
		e.Phases[key] = head.Phase
		parts := w.manifests(key)
		for _, m := range parts {
			e.Audiences[key] = append(e.Audiences[key], reached(m)...)
		}
	}
	for key, v := range w.store.verdicts {
		e.Verdicts[key] = v.Verdict + " " + string(v.Alert) + v.Reason
	}
	return e
}

// By the time that it is judged again, what was taken in may be refused for its age.
func TestAcceptedStaysAcceptedAfterALongOutage(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	w.accept(on(1, "ma.boston", nil))
	w.attempt("a1", "sms", alerting.Unknown)
	w.ledger.Break(2, false) // between the withdrawal and the manifest of the correction
	cancel := on(2, "ma.boston", corrects(alerting.TypeCancel, "off", "phishing"))
	require.Error(t, w.judge(on(1, "ma.boston", nil), cancel))
	w.now = start.Add(48 * time.Hour)
	require.NoError(t, w.judge(on(1, "ma.boston", nil), cancel))
	assert.Equal(t, alerting.VerdictAccepted, w.store.verdicts["a1"].Verdict)
	assert.Equal(t, alerting.VerdictAccepted, w.store.verdicts["a2"].Verdict)
	assert.Equal(t, []string{"boston"}, reached(w.manifest("a2")))
	assert.Empty(t, w.store.rejected)
}

func TestUnavailableLedgerIsNoVerdict(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	w.ledger.Break(1, false)
	require.Error(t, w.judge(on(1, "ma.boston", nil), on(2, "ma.boston", map[string]any{"status": nil})))
	assert.Empty(t, w.store.verdicts, "nobody is told before it is durable")
}
