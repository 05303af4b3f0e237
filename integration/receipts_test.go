package integration_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/integration/harness"
	"revere/integration/twiliosim"
	"revere/subscribers"
)

// fallback is what the first contact has here. After a start a quarter of it is left for what was told
// meanwhile.
const fallback = 6 * time.Second

// The service is down while receipts come. When it is back Twilio is asked before anybody's next contact
// is paid for on what was believed: who has the message is left in peace, who does not have it is not.
func TestReceiptsThatCameWhileNobodyListened(t *testing.T) {
	t.Parallel()
	for name, down := range map[string]func(w *harness.World){
		"stopped in good order": func(w *harness.World) { assert.NoError(t, w.Interrupt()) },
		"killed":                (*harness.World).Kill9,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, harness.Options{Settings: map[string]string{"CHANNELS__FALLBACK_AFTER__SEVERE": fallback.String()}})
			people := []subscribers.Subscriber{}
			for n, who := range []string{"arrived", "lost", "queued"} {
				people = append(people, harness.Person(who, "ma.boston", harness.SMS(harness.Phone(n)), harness.Email(who+"@boston.example")))
			}
			w.Import(people...)
			late := twiliosim.Behavior{ReceiptDelay: time.Second}
			w.Twilio.SetBehaviorFor(harness.Phone(0), late)
			w.Twilio.SetBehaviorFor(harness.Phone(1), twiliosim.Behavior{ReceiptDelay: time.Second, Outcome: twiliosim.Undelivered, ErrorCode: 30006})
			w.Twilio.SetBehaviorFor(harness.Phone(2), twiliosim.Behavior{ReceiptDelay: time.Hour})
			published := time.Now()
			p := w.Publish(harness.NewAlert("ma.boston"))
			w.States(p.Key, map[string]alerting.State{harness.Phone(0): alerting.Accepted, harness.Phone(1): alerting.Accepted, harness.Phone(2): alerting.Accepted})
			down(w)
			harness.Within(t, time.Minute, func() error {
				overdue := time.Since(published) > fallback+time.Second
				return errorUnless(overdue && toldBy(w.Twilio) == "delivered undelivered queued", "not all has come about yet: "+toldBy(w.Twilio))
			})
			w.Begin()

			w.States(p.Key, map[string]alerting.State{
				harness.Phone(0): alerting.Delivered,
				harness.Phone(1): alerting.Undelivered, "lost@boston.example": alerting.Accepted,
				harness.Phone(2): alerting.Accepted, "queued@boston.example": alerting.Accepted,
			})
			_, paid := w.Delivery(p.Key, "arrived@boston.example")
			assert.False(t, paid, "the next contact of somebody who had the message was used")
			d, _ := w.Delivery(p.Key, harness.Phone(1))
			last := d.History[len(d.History)-1]
			assert.True(t, last.Receipt, "%v", last)
			assert.Equal(t, "30006", last.Code)
			assert.Len(t, w.Twilio.Messages(), 3, "nobody is sent anything twice")
			checked(t, w, history{people: people, keys: []alerting.Key{p.Key}})
		})
	}
}

// toldBy is what Twilio has come to, by number.
func toldBy(s *twiliosim.Server) string {
	var all []string
	for n := range 3 {
		for _, m := range s.Messages() {
			if m.To == harness.Phone(n) {
				all = append(all, m.Status)
			}
		}
	}
	return strings.Join(all, " ")
}

// What Twilio told when it was asked stands, whatever receipts come afterwards.
func TestReceiptsAfterAnAnswerTakeNothingBack(t *testing.T) {
	t.Parallel()
	w := harness.New(t, harness.Options{InProcess: true, Settings: map[string]string{"CHANNELS__SMS__ASK_AFTER": "1s"}})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(victimPhone), harness.Email(victimMail)))
	w.Twilio.SetBehavior(twiliosim.Behavior{Receipts: twiliosim.None, Outcome: twiliosim.Failed, ErrorCode: 21610})
	p := w.Publish(harness.NewAlert("ma.boston"))
	w.States(p.Key, map[string]alerting.State{victimPhone: alerting.Undelivered, victimMail: alerting.Accepted})
	d, _ := w.Delivery(p.Key, victimPhone)
	before := len(d.History)
	for _, state := range []string{"failed", "sent", "failed"} {
		status(t, w, alerting.Ref{Alert: p.Key, Delivery: d.ID, Attempt: 1}.String(), w.Twilio.Messages()[0].SID, state)
	}
	harness.Soon(t, func() error {
		d, _ = w.Delivery(p.Key, victimPhone)
		return errorUnless(len(d.History) == before+3, fmt.Sprintf("the receipts are not heard: %v", d.History))
	})
	assert.Equal(t, alerting.Undelivered, d.State)
	assert.Len(t, w.Mails(victimMail), 1, "the next contact is used once")
	wishes := w.Call(http.StatusOK, harness.Request{Method: http.MethodGet, Path: "/api/v1/opt-outs"})
	assert.Contains(t, string(wishes.Body), victimPhone, "the person's wish is kept")
}
