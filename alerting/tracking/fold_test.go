package tracking_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking/trackingtest"
)

// What a delivery shows after these records, and whether it is still to be worked on. Whatever is
// due is taken exactly once.
func TestDeliveryShowsItsHighestEvidence(t *testing.T) {
	const (
		accepted, sent, delivered, read = alerting.Accepted, alerting.Sent, alerting.Delivered, alerting.Read
		unknown, undelivered, failed    = alerting.Unknown, alerting.Undelivered, alerting.Failed
	)
	tests := map[string]struct {
		steps []step
		want  alerting.State
		due   bool
	}{
		"nothing yet":                          {nil, alerting.Queued, true},
		"attempt without outcome":              {[]step{attempt(1)}, alerting.Attempting, false},
		"accepted is not delivered":            {[]step{attempt(1), result(1, accepted)}, accepted, false},
		"receipts in order":                    {[]step{attempt(1), result(1, accepted), receipt(1, sent), receipt(1, delivered), receipt(1, read)}, read, false},
		"receipts out of order":                {[]step{attempt(1), result(1, accepted), receipt(1, read), receipt(1, sent), receipt(1, delivered)}, read, false},
		"receipt twice":                        {[]step{attempt(1), result(1, accepted), receipt(1, delivered), receipt(1, delivered)}, delivered, false},
		"receipt before the call returns":      {[]step{attempt(1), receipt(1, delivered), result(1, accepted)}, delivered, false},
		"receipt against a failed call":        {[]step{attempt(1), receipt(1, delivered), again(1, failed)}, delivered, false},
		"receipt against a doubtful call":      {[]step{attempt(1), receipt(1, accepted), again(1, unknown)}, accepted, false},
		"undelivered":                          {[]step{attempt(1), result(1, accepted), receipt(1, undelivered)}, undelivered, false},
		"delivered after all":                  {[]step{attempt(1), result(1, accepted), receipt(1, undelivered), receipt(1, delivered)}, delivered, false},
		"undelivered comes late":               {[]step{attempt(1), result(1, accepted), receipt(1, delivered), receipt(1, undelivered)}, delivered, false},
		"failed by receipt":                    {[]step{attempt(1), result(1, accepted), receipt(1, failed)}, failed, false},
		"failed by receipt, then earlier word": {[]step{attempt(1), result(1, accepted), receipt(1, failed), receipt(1, sent)}, failed, false},
		"failed by receipt before the call":    {[]step{attempt(1), receipt(1, failed), result(1, accepted)}, failed, false},
		"failed by receipt, then delivered":    {[]step{attempt(1), receipt(1, failed), result(1, accepted), receipt(1, delivered)}, delivered, false},
		"failed for good":                      {[]step{attempt(1), result(1, failed)}, failed, false},
		"failed before an attempt":             {[]step{result(0, failed)}, failed, false},
		"failed for now":                       {[]step{attempt(1), again(1, failed)}, alerting.Queued, true},
		"failed for now, told twice":           {[]step{attempt(1), again(1, failed), again(1, failed)}, alerting.Queued, true},
		"failed for now, then accepted":        {[]step{attempt(1), again(1, failed), attempt(2), result(2, accepted)}, accepted, false},
		"unknown":                              {[]step{attempt(1), again(1, unknown)}, unknown, true},
		"unknown twice":                        {[]step{attempt(1), again(1, unknown), again(1, unknown)}, unknown, true},
		"unknown, given up":                    {[]step{attempt(1), result(1, unknown)}, unknown, false},
		"unknown, settled by a receipt":        {[]step{attempt(1), again(1, unknown), receipt(1, delivered)}, delivered, false},
		"unknown, the provider has it":         {[]step{attempt(1), again(1, unknown), result(1, sent)}, sent, false},
		"unknown, the provider refused it":     {[]step{attempt(1), again(1, unknown), result(1, failed)}, failed, false},
		"unknown, sent again":                  {[]step{attempt(1), again(1, unknown), attempt(2), result(2, accepted)}, accepted, false},
		"unknown, and the resend failed":       {[]step{attempt(1), again(1, unknown), attempt(2), result(2, failed)}, unknown, false},
		"unknown, the resend failed for now":   {[]step{attempt(1), again(1, unknown), attempt(2), again(2, failed)}, alerting.Queued, true},
		"first delivered, resend fails":        {[]step{attempt(1), again(1, unknown), attempt(2), receipt(1, delivered), again(2, failed)}, delivered, false},
		"first delivered, then tried again":    {[]step{attempt(1), again(1, unknown), receipt(1, delivered), attempt(2), again(2, failed)}, delivered, false},
		"first delivered, resend doubtful":     {[]step{attempt(1), again(1, unknown), receipt(1, delivered), attempt(2), again(2, unknown)}, delivered, false},
		"first undelivered, resend accepted":   {[]step{attempt(1), again(1, unknown), attempt(2), result(2, accepted), receipt(1, undelivered)}, accepted, false},
		"first failed, resend under way":       {[]step{attempt(1), again(1, unknown), attempt(2), receipt(1, failed)}, alerting.Attempting, false},
		"first failed, resend accepted":        {[]step{attempt(1), again(1, unknown), attempt(2), result(2, accepted), receipt(1, failed)}, accepted, false},
		"no outcome, and the resend failed":    {[]step{attempt(1), attempt(2), result(2, failed)}, unknown, false},
		"no outcome, withdrawn at the resend":  {[]step{attempt(1), attempt(2), result(2, alerting.Canceled)}, unknown, false},
		"suppressed":                           {[]step{result(0, alerting.Suppressed)}, alerting.Suppressed, false},
		"suppressed at the call":               {[]step{attempt(1), result(1, alerting.Suppressed)}, alerting.Suppressed, false},
		"suppressed after delivery":            {[]step{attempt(1), result(1, accepted), receipt(1, delivered), result(0, alerting.Suppressed)}, delivered, false},
		"withdrawn before it went out":         {[]step{canceled}, alerting.Canceled, false},
		"replaced before it went out":          {[]step{updated}, alerting.Canceled, false},
		"withdrawn during the call":            {[]step{attempt(1), canceled, result(1, accepted)}, accepted, false},
		"withdrawn, the call failed":           {[]step{attempt(1), canceled, again(1, failed)}, alerting.Canceled, false},
		"withdrawn, the call was doubtful":     {[]step{attempt(1), canceled, again(1, unknown)}, unknown, false},
		"unknown, withdrawn at the resend":     {[]step{attempt(1), again(1, unknown), canceled, attempt(2), result(2, alerting.Canceled)}, unknown, false},
		"withdrawn while waiting to retry":     {[]step{attempt(1), again(1, failed), canceled}, alerting.Canceled, false},
		"expired before it went out":           {[]step{expired}, alerting.Expired, false},
		"expired while waiting to retry":       {[]step{attempt(1), again(1, failed), expired}, alerting.Expired, false},
		"delivered after it expired":           {[]step{attempt(1), result(1, accepted), expired, receipt(1, delivered)}, delivered, false},
		"answered before it went out":          {[]step{reacted}, alerting.Canceled, false},
		"answered while waiting to retry":      {[]step{attempt(1), again(1, failed), reacted}, alerting.Canceled, false},
		"answered during a failing call":       {[]step{attempt(1), reacted, again(1, failed)}, alerting.Canceled, false},
		"answer taken back":                    {[]step{reacted, unreacted, activated}, alerting.Queued, true},
		"activated after the answer":           {[]step{reacted, activated}, alerting.Canceled, false},
		"activated after the withdrawal":       {[]step{canceled, activated}, alerting.Canceled, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			board, ledger, key := opened(t, alert())
			play(t, ledger, key, test.steps...)
			assert.Equal(t, test.want, board.State(key, 0))
			want := 0
			if test.due {
				want = 1
			}
			assert.Equal(t, want, sum(board.Backlog("sms")), "counted as due")
			assert.Len(t, board.Take(nil, "sms", alerting.PlacesFor(10), late), want, "taken")
			assert.Empty(t, board.Take(nil, "sms", alerting.PlacesFor(10), late), "taken a second time")
		})
	}
}

func sum(lanes [alerting.Lanes]int) (n int) {
	for _, x := range lanes {
		n += x
	}
	return n
}

func TestHistoryKeepsEverything(t *testing.T) {
	board, ledger, key := opened(t, alert())
	play(t, ledger, key, attempt(1), receipt(1, alerting.Delivered), receipt(1, alerting.Sent), result(1, alerting.Accepted), receipt(1, alerting.Delivered))
	var states []alerting.State
	for _, e := range deliveries(board, key)[0].History {
		states = append(states, e.State)
	}
	assert.Equal(t, []alerting.State{alerting.Queued, alerting.Attempting, alerting.Delivered, alerting.Sent, alerting.Accepted, alerting.Delivered}, states)
}

func TestRecordsAboutWhatIsNotThereChangeNothing(t *testing.T) {
	board, ledger, key := opened(t, alert())
	before := summary(t, board, key)
	nowhere := []uint32{77}
	write(t, ledger,
		alerting.Record{Alert: "a99", Attempts: []alerting.Attempt{{Attempt: 1}}},
		alerting.Record{Alert: key, Attempts: []alerting.Attempt{{Delivery: 77, Attempt: 1}}},
		alerting.Record{Alert: key, Results: []alerting.Result{{Delivery: 77, State: alerting.Delivered}}},
		alerting.Record{Alert: key, Activated: []alerting.Activation{{Delivery: 77}}},
		alerting.Record{Alert: key, Answers: []alerting.Answer{{Recipients: nowhere, Via: alerting.ViaReply}}},
	)
	after := summary(t, board, key)
	after.Sequence = before.Sequence
	assert.Equal(t, before, after)
}

func TestManifestIsTakenWholeOrNotAtAll(t *testing.T) {
	board, ledger, _ := opened(t, alert())
	part := func(i int, address string) alerting.Record {
		return alerting.Record{Alert: "a5", At: start, Manifest: &alerting.Manifest{
			Part: i, Parts: 2, Deliveries: []alerting.Planned{{Channel: "sms", Address: address, Active: true}},
			// The contacts index the whole manifest, whichever part names them.
			Recipients: []alerting.Recipient{{Subscriber: address, Areas: []alerting.Area{"ma.boston"}, Contacts: []uint32{uint32(1 - i)}}},
		}}
	}
	first := part(0, "+10")
	first.Opened = &alerting.Opened{Alert: alert(), Identity: "two parts", Sequence: 5}
	write(t, ledger, first)
	assert.False(t, summary(t, board, "a5").Expanded)
	assert.Empty(t, deliveries(board, "a5"))
	write(t, ledger, part(1, "+11"))
	assert.True(t, summary(t, board, "a5").Expanded)
	found := people(board, "a5")
	require.Len(t, found, 2)
	assert.Equal(t, "+11", found[0].Contacts[0].Address)
	assert.Equal(t, "+10", found[1].Contacts[0].Address)
}

func TestWiderAlertReachesWhoIsNewOnce(t *testing.T) {
	board, ledger, key := opened(t, alert())
	play(t, ledger, key, attempt(1), result(1, alerting.Accepted))
	wider := alerting.Record{Alert: key, At: start, Opened: &alerting.Opened{Alert: alert(func(a *alerting.Alert) { a.Areas = []alerting.Area{"ma.chelsea"} })}, Manifest: &alerting.Manifest{
		Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+1", Active: true}, {Channel: "sms", Address: "+2", Active: true}},
		Recipients: []alerting.Recipient{
			{Subscriber: "bo", Name: "Bo", Areas: []alerting.Area{"ma.chelsea"}, Contacts: []uint32{0}}, // shares Ada's phone
			{Subscriber: "cy", Name: "Cy", Areas: []alerting.Area{"ma.chelsea"}, Contacts: []uint32{1}},
		},
	}}
	write(t, ledger, wider)
	s := summary(t, board, key)
	assert.Equal(t, []alerting.Area{"ma.boston", "ma.chelsea"}, s.Alert.Areas)
	assert.Equal(t, 3, s.People)
	assert.Equal(t, 2, s.Deliveries)
	assert.Equal(t, 2, s.Reached, "who shares a phone that was reached is reached")
	due := board.Take(nil, "sms", alerting.PlacesFor(10), late)
	require.Len(t, due, 1)
	assert.EqualValues(t, 2, due[0].Delivery)
}

func TestAlertThatEndedWhileItWasWidenedSendsNothing(t *testing.T) {
	board, ledger, key := opened(t, alert())
	play(t, ledger, key, expired)
	write(t, ledger, alerting.Record{Alert: key, Opened: &alerting.Opened{Alert: alert()}, Manifest: &alerting.Manifest{
		Parts: 1, Deliveries: []alerting.Planned{{Channel: "sms", Address: "+2", Active: true}},
	}})
	assert.Empty(t, board.Take(nil, "sms", alerting.PlacesFor(10), late))
	assert.Equal(t, 2, summary(t, board, key).States[alerting.Expired])
}

func TestSuppressedContactIsNeverDue(t *testing.T) {
	board := empty()
	key := board.ledger.Open(alert(), trackingtest.Person{Name: "Ada", Contacts: []string{"!sms:+1", "email:a@x.org"}})
	assert.Empty(t, board.Take(nil, "sms", alerting.PlacesFor(10), late))
	assert.Len(t, board.Take(nil, "email", alerting.PlacesFor(10), late), 1)
	play(t, board.ledger, key, activated)
	assert.Equal(t, alerting.Suppressed, board.State(key, 0))
}
