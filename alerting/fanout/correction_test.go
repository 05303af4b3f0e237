package fanout_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
)

func TestReferencesByIDByKeyAndByCAPsTriple(t *testing.T) {
	for _, reference := range []string{"phishing", "a1", "soc@sec.state.ma.us,phishing,2026-11-03T07:12:00-05:00"} {
		w := newWorld(t, clerks("ma.boston")...)
		w.accept(on(1, "ma.boston", nil))
		cancel := w.accept(on(2, "ma.boston", corrects(alerting.TypeCancel, "off", reference)))
		head, _ := w.board.Head("a1")
		assert.Equal(t, tracking.Canceled, head.Phase)
		assert.Equal(t, cancel, head.ReplacedBy)
		opened, _ := w.board.Opened(cancel)
		assert.Equal(t, []alerting.Key{"a1"}, opened.Corrects)
	}
}

func TestCorrectionInThePassOfItsOriginal(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	require.NoError(t, w.judge(on(1, "ma.boston", nil), on(2, "ma.boston", corrects(alerting.TypeCancel, "off", "phishing"))))
	assert.Equal(t, alerting.VerdictAccepted, w.store.verdicts["a2"].Verdict)
	assert.Empty(t, w.due("a1"))
	assert.Empty(t, w.due("a2"), "nobody was told, nobody need be told that it is off")
}

func TestCorrectionThatIsRefusedChangesNothing(t *testing.T) {
	status := corrects(alerting.TypeCancel, "off", "phishing")
	status["status"] = "exercise"
	stranger := corrects(alerting.TypeCancel, "off", "a1")
	stranger["sender"] = "other@x.org"
	tests := map[string]struct {
		message alerting.Submission
		want    string
	}{
		"nothing of that name":            {on(2, "ma.boston", corrects(alerting.TypeCancel, "off", "nothing")), alerting.CodeReference},
		"one of two":                      {on(2, "ma.boston", corrects(alerting.TypeCancel, "off", "phishing", "nothing")), alerting.CodeReference},
		"no reference":                    {on(2, "ma.boston", map[string]any{"type": "cancel", "id": "off"}), alerting.CodeMissing},
		"another status":                  {on(2, "ma.boston", status), alerting.CodeInvalid},
		"another sender over NATS":        {on(2, "ma.boston", stranger), alerting.CodeForbidden},
		"another sender's id as a triple": {on(2, "ma.boston", corrects(alerting.TypeCancel, "off", "other@x.org,phishing,x")), alerting.CodeReference},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, clerks("ma.boston")...)
			w.accept(on(1, "ma.boston", nil))
			v := w.publish(test.message)
			assert.Equal(t, test.want, v.Reason)
			assert.Equal(t, []string{"sms:boston"}, w.due("a1"))
			assert.Equal(t, []alerting.Key{"a1"}, w.board.Keys(nil))
		})
	}
}

func TestWithdrawnTwiceIsAConflict(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	w.accept(on(1, "ma.boston", nil))
	w.accept(on(2, "ma.boston", corrects(alerting.TypeCancel, "off", "phishing")))
	assert.Equal(t, alerting.CodeConflict, w.publish(on(3, "ma.boston", corrects(alerting.TypeCancel, "off again", "phishing"))).Reason)
}

func TestDeskCorrectsAnyProducersAlert(t *testing.T) {
	w := newWorld(t, clerks("ma.boston")...)
	w.accept(on(1, "ma.boston", nil))
	change := corrects(alerting.TypeCancel, "off", "a1")
	change["areas"] = []string{"ma.boston"}
	w.accept(by("desk", on(2, "ma.boston", change)))
	head, _ := w.board.Head("a1")
	assert.Equal(t, tracking.Canceled, head.Phase)
}

func TestCancelReachesEveryAddressAttemptedAndNobodyElse(t *testing.T) {
	w := newWorld(t,
		person("delivered", []string{"sms", "email"}, "ma.boston"),
		person("fellback", []string{"sms", "email"}, "ma.boston"),
		person("inflight", []string{"signal", "email"}, "ma.boston"),
		person("unsent", []string{"email"}, "ma.boston"))
	key := w.accept(on(1, "ma.boston", nil))
	w.attempt(key, "sms", alerting.Failed)
	_, err := w.ledger.Append(t.Context(), alerting.Record{Alert: key, At: start, Activated: []alerting.Activation{{Delivery: w.index(key, "email:fellback")}}, Answers: []alerting.Answer{{Recipients: []uint32{0}, Via: alerting.ViaReply}}})
	require.NoError(t, err)
	r := alerting.Record{Alert: key, At: start, Attempts: []alerting.Attempt{{Delivery: w.index(key, "email:fellback"), Attempt: 1}, {Delivery: w.index(key, "signal:inflight"), Attempt: 1}}}
	_, err = w.ledger.Append(t.Context(), r)
	require.NoError(t, err)

	cancel := w.accept(on(2, "ma.boston", corrects(alerting.TypeCancel, "off", "phishing")))
	assert.Equal(t, []string{"sms:delivered", "sms:fellback", "email:fellback", "signal:inflight"}, w.due(cancel), "who has answered is told too")
	assert.Empty(t, w.due(key), "what is unsent stays so")
	assert.NotContains(t, reached(w.manifest(cancel)), "unsent")
}

// index finds a delivery of an alert by channel:address, contacts in reserve included.
func (w *world) index(key alerting.Key, contact string) uint32 {
	w.Helper()
	for i := range uint32(100) {
		if e, ok := w.board.Envelope(key, i); ok && e.Channel+":"+e.Address == contact {
			return i
		}
	}
	w.Fatalf("no delivery to %s", contact)
	return 0
}

func TestUpdateReachesThoseToldAndThoseNewlyConcerned(t *testing.T) {
	both := person("both", []string{"sms"}, "ma.boston", "ma.chelsea")
	w := newWorld(t, append(clerks("ma.boston", "ma.chelsea", "ma.revere"), both)...)
	w.accept(on(1, "ma.boston", nil))
	w.attempt("a1", "sms", alerting.Accepted)
	change := corrects(alerting.TypeUpdate, "more", "phishing")
	change["areas"] = []string{"ma.chelsea", "ma.revere"}
	update := w.accept(by(alerting.AnyProducer, on(2, "ma.chelsea", change)))
	assert.ElementsMatch(t, []string{"sms:boston", "sms:both", "sms:chelsea", "sms:revere"}, w.due(update))
	for _, r := range w.manifest(update).Recipients {
		if r.Subscriber == "both" {
			assert.Equal(t, []alerting.Area{"ma.boston", "ma.chelsea"}, r.Areas)
		}
	}
	head, _ := w.board.Head("a1")
	assert.Equal(t, tracking.Updated, head.Phase)
}

// An update that is withdrawn before it has gone out has not reached those who have the original.
func TestCancelOfAnUpdateReachesBothAudiences(t *testing.T) {
	for _, reference := range []string{"phishing", "more"} {
		t.Run(reference, func(t *testing.T) {
			w := newWorld(t, clerks("ma.boston", "ma.chelsea")...)
			w.accept(on(1, "ma.boston", nil))
			w.attempt("a1", "sms", alerting.Accepted)
			change := corrects(alerting.TypeUpdate, "more", "phishing")
			change["areas"] = []string{"ma.boston", "ma.chelsea"}
			update := w.accept(on(2, "ma.boston", change))
			_, err := w.ledger.Append(t.Context(), alerting.Record{Alert: update, At: start, Attempts: []alerting.Attempt{{Delivery: w.index(update, "sms:chelsea"), Attempt: 1}}})
			require.NoError(t, err)
			cancel := w.accept(on(3, "ma.boston", corrects(alerting.TypeCancel, "off", reference)))
			assert.ElementsMatch(t, []string{"sms:boston", "sms:chelsea"}, w.due(cancel))
			e, _ := w.board.Envelope(cancel, w.index(cancel, "sms:boston"))
			require.Len(t, e.Corrects, 1)
			assert.Equal(t, w.code("a1"), e.Corrects[0].Code, "Boston never saw the update")
			e, _ = w.board.Envelope(cancel, w.index(cancel, "sms:chelsea"))
			require.Len(t, e.Corrects, 1)
			assert.Equal(t, w.code(update), e.Corrects[0].Code, "Chelsea never saw the original")
			head, _ := w.board.Head("a1")
			assert.Equal(t, update, head.ReplacedBy, "the first withdrawal stays on record")
		})
	}
}

func (w *world) code(key alerting.Key) string {
	head, _ := w.board.Head(key)
	return head.Code
}

func TestCancelOfTwoAlertsTellsEachPersonOnce(t *testing.T) {
	ada := person("ada", []string{"sms", "email"}, "ma.boston")
	w := newWorld(t, ada)
	for i, id := range []string{"one", "two"} {
		key := w.accept(on(uint64(i+1), "ma.boston", map[string]any{"id": id, "severity": "extreme"}))
		w.attempt(key, []string{"sms", "email"}[i], alerting.Accepted)
	}
	cancel := w.accept(on(3, "ma.boston", corrects(alerting.TypeCancel, "off", "one", "two")))
	assert.Equal(t, []string{"sms:ada", "email:ada"}, w.due(cancel))
	assert.Equal(t, []string{"ada"}, reached(w.manifest(cancel)))
}

func TestContactThatWasSuppressedStaysSoInACorrection(t *testing.T) {
	w := newWorld(t, person("ada", []string{"!signal", "sms"}, "ma.boston"))
	w.accept(on(1, "ma.boston", nil))
	w.attempt("a1", "sms", alerting.Accepted)
	cancel := w.accept(on(2, "ma.boston", corrects(alerting.TypeCancel, "off", "phishing")))
	assert.Equal(t, []alerting.Planned{{Channel: "sms", Address: "ada", Active: true}, {Channel: "signal", Address: "ada", Suppressed: "opted out"}}, w.manifest(cancel).Deliveries)
}

// Who had the alert and sent STOP since is asked about when the message is due, as everywhere: after a START
// the correction still goes there.
func TestAnAddressThatHadTheAlertIsInUseWhateverStoppedItsUpdate(t *testing.T) {
	w := newWorld(t, person("ada", []string{"sms", "email"}, "ma.boston"))
	w.accept(on(1, "ma.boston", map[string]any{"severity": "extreme"}))
	w.attempt("a1", "sms", alerting.Accepted)
	change := corrects(alerting.TypeUpdate, "more", "phishing")
	change["severity"] = "extreme"
	update := w.accept(on(2, "ma.boston", change))
	_, err := w.ledger.Append(t.Context(), alerting.Record{Alert: update, At: start, Results: []alerting.Result{
		{Delivery: w.index(update, "sms:ada"), State: alerting.Suppressed, Reason: "opted out: the person wants no messages here"},
	}})
	require.NoError(t, err)
	w.attempt(update, "email", alerting.Accepted)
	cancel := w.accept(on(3, "ma.boston", corrects(alerting.TypeCancel, "off", "more")))
	assert.ElementsMatch(t, []string{"sms:ada", "email:ada"}, w.due(cancel))
}
