package tracking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

func always(time.Time) bool { return true }

// silences are all that the board finds on a channel, and how many looks it took.
func silences(b *tracking.Board, channel string, wanted func(time.Time) bool) (all []alerting.Silence, looks int) {
	for mark := (alerting.Mark{}); !mark.End(); looks++ {
		x, next, found := b.Silent(channel, mark, trackingtest.Start.Add(time.Hour), wanted)
		if found {
			all = append(all, x)
		}
		mark = next
	}
	return all, looks
}

// crowd is people with a number each.
func silentCrowd(n int) (people []trackingtest.Person) {
	for i := range n {
		people = append(people, trackingtest.Person{Name: fmt.Sprint("P", i), Contacts: []string{fmt.Sprintf("sms:+%d", i)}})
	}
	return people
}

func TestSilentFindsWhatTheProviderTookAndToldNoEndOf(t *testing.T) {
	result := func(s alerting.State, id string, receipt bool) alerting.Result {
		return alerting.Result{Attempt: 1, State: s, ProviderID: id, Receipt: receipt}
	}
	at := trackingtest.Start
	for name, test := range map[string]struct {
		results []alerting.Result
		want    alerting.State // Queued where nothing is found
	}{
		"accepted":                    {[]alerting.Result{result(alerting.Accepted, "SM1", false)}, alerting.Accepted},
		"sent, by a receipt":          {[]alerting.Result{result(alerting.Accepted, "SM1", false), result(alerting.Sent, "SM1", true)}, alerting.Sent},
		"named by its receipt alone":  {[]alerting.Result{result(alerting.Accepted, "", false), result(alerting.Sent, "SM1", true)}, alerting.Sent},
		"without a name":              {[]alerting.Result{result(alerting.Accepted, "", false)}, alerting.Queued},
		"delivered":                   {[]alerting.Result{result(alerting.Accepted, "SM1", false), result(alerting.Delivered, "SM1", true)}, alerting.Queued},
		"undelivered":                 {[]alerting.Result{result(alerting.Accepted, "SM1", false), result(alerting.Undelivered, "SM1", true)}, alerting.Queued},
		"unknown":                     {[]alerting.Result{result(alerting.Unknown, "", false)}, alerting.Queued},
		"under way":                   {nil, alerting.Queued},
		"refused by its first answer": {[]alerting.Result{result(alerting.Failed, "SM1", false)}, alerting.Queued},
	} {
		t.Run(name, func(t *testing.T) {
			b := tracking.NewBoard()
			l := trackingtest.NewLedger(b)
			key := l.Open(trackingtest.Alert(), silentCrowd(1)...)
			_, err := l.Append(t.Context(), alerting.Record{Alert: key, At: at.Add(time.Second), Attempts: []alerting.Attempt{{Attempt: 1}}})
			require.NoError(t, err)
			for i, r := range test.results {
				_, err := l.Append(t.Context(), alerting.Record{Alert: key, At: at.Add(time.Duration(i+2) * time.Second), Results: []alerting.Result{r}})
				require.NoError(t, err)
			}
			all, _ := silences(b, "sms", always)
			if test.want == alerting.Queued {
				assert.Empty(t, all)
				return
			}
			require.Len(t, all, 1)
			assert.Equal(t, alerting.Silence{
				Ref: alerting.Ref{Alert: key, Delivery: alerting.NewDeliveryID(key, "sms", "+0"), Attempt: 1}, ProviderID: "SM1", State: test.want,
				Heard: at.Add(time.Duration(len(test.results)+1) * time.Second), At: all[0].At,
			}, all[0])
			none, _ := silences(b, "email", always)
			assert.Empty(t, none, "on another channel")
			none, _ = silences(b, "sms", func(heard time.Time) bool { return heard.Before(all[0].Heard) })
			assert.Empty(t, none, "not wanted yet")
		})
	}
}

// accept has the provider take everything of an alert.
func accept(t *testing.T, l *trackingtest.Ledger, key alerting.Key, n int) {
	t.Helper()
	r := alerting.Record{Alert: key, At: trackingtest.Start.Add(time.Second)}
	for i := range n {
		r.Attempts = append(r.Attempts, alerting.Attempt{Delivery: uint32(i), Attempt: 1})
		r.Results = append(r.Results, alerting.Result{Delivery: uint32(i), Attempt: 1, State: alerting.Accepted, ProviderID: fmt.Sprint("SM", key, i)})
	}
	_, err := l.Append(t.Context(), r)
	require.NoError(t, err)
}

func TestSilentGoesByUrgencyInStretches(t *testing.T) {
	const many = 5000
	b := tracking.NewBoard()
	l := trackingtest.NewLedger(b)
	minor := l.Open(trackingtest.Alert(trackingtest.With(alerting.Minor)), silentCrowd(many)...)
	older := l.Open(trackingtest.Alert(), silentCrowd(3)...)
	extreme := l.Open(trackingtest.Alert(trackingtest.With(alerting.Extreme)), silentCrowd(2)...)
	newer := l.Open(trackingtest.Alert(), silentCrowd(3)...)
	for key, n := range map[alerting.Key]int{minor: many, older: 3, extreme: 2, newer: 3} {
		accept(t, l, key, n)
	}
	all, looks := silences(b, "sms", always)
	require.Len(t, all, many+8)
	var order []alerting.Key
	for i, x := range all {
		if i == 0 || all[i-1].Ref.Alert != x.Ref.Alert {
			order = append(order, x.Ref.Alert)
		} else {
			require.Equal(t, all[i-1].At.Delivery+1, x.At.Delivery)
		}
		if i > 0 {
			require.True(t, all[i-1].At.Before(x.At))
			require.False(t, x.At.Before(all[i-1].At))
		}
	}
	assert.Equal(t, []alerting.Key{extreme, newer, older, minor}, order)
	assert.Equal(t, many+8+1, looks)

	none, looks := silences(b, "sms", func(time.Time) bool { return false })
	assert.Empty(t, none)
	assert.Equal(t, 3, looks, "no look is at all of them")
	x, _, found := b.Silent("sms", all[4].At, trackingtest.Start, always)
	require.True(t, found)
	assert.Equal(t, all[4], x, "a mark leads back to where it was made")
}

// The engine packs several alerts into one message: they have one sequence.
func TestSilentTellsAlertsOfOneSequenceApart(t *testing.T) {
	samples := trackingtest.NewLedger(tracking.NewBoard())
	for range 4 {
		accept(t, samples, samples.Open(trackingtest.Alert(), silentCrowd(2)...), 2)
	}
	b := tracking.NewBoard()
	b.Apply(7, "ledger.test", samples.Written())
	all, _ := silences(b, "sms", always)
	require.Len(t, all, 8)
	for i, x := range all {
		assert.Equal(t, alerting.KeyOf(uint64(4-i/2)), x.Ref.Alert)
		assert.EqualValues(t, i%2, x.At.Delivery)
		again, _, found := b.Silent("sms", x.At, trackingtest.Start, always)
		require.True(t, found)
		assert.Equal(t, x, again)
	}
}

func TestNobodyIsAskedAboutAnAlertThatIsOver(t *testing.T) {
	for name, over := range map[string]alerting.Record{
		"withdrawn": {Withdrawn: &alerting.Withdrawn{By: "a9", Type: alerting.TypeCancel}},
		"expired":   {Expired: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := tracking.NewBoard()
			l := trackingtest.NewLedger(b)
			key := l.Open(trackingtest.Alert(), silentCrowd(2)...)
			accept(t, l, key, 2)
			all, _ := silences(b, "sms", always)
			require.Len(t, all, 2)
			over.Alert, over.At = key, trackingtest.Start.Add(time.Minute)
			_, err := l.Append(t.Context(), over)
			require.NoError(t, err)
			all, _ = silences(b, "sms", always)
			assert.Empty(t, all)
		})
	}
	t.Run("its time is over and not on record yet", func(t *testing.T) {
		b := tracking.NewBoard()
		l := trackingtest.NewLedger(b)
		accept(t, l, l.Open(trackingtest.Alert(), silentCrowd(1)...), 1)
		_, next, found := b.Silent("sms", alerting.Mark{}, trackingtest.Start.Add(24*time.Hour), always)
		assert.False(t, found)
		assert.True(t, next.End())
	})
}

func TestNobodyIsAskedAboutAConfirmation(t *testing.T) {
	b := tracking.NewBoard()
	l := trackingtest.NewLedger(b)
	key := l.Open(trackingtest.Alert(), silentCrowd(1)...)
	_, err := l.Append(t.Context(), alerting.Record{Alert: key, At: trackingtest.Start, Notices: []alerting.Notice{{Channel: "sms", Address: "+0", Kind: alerting.NoticeConfirmation, Text: "thanks"}}})
	require.NoError(t, err)
	accept(t, l, key, 2)
	all, _ := silences(b, "sms", always)
	require.Len(t, all, 1)
	assert.EqualValues(t, 0, all[0].At.Delivery)
}
