package tracking_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/alerting/tracking/trackingtest"
)

// What a summary says is what one counts who goes through every delivery and every person, whatever
// has happened in whatever order.
func TestTheSummaryIsWhatOneCountsOneByOne(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 0))
			b := empty()
			key := b.ledger.Open(alert(func(a *alerting.Alert) {
				if seed%4 == 0 {
					a.Severity = alerting.Extreme
				}
			}), town(random)...)
			for n := range 120 {
				r := happening(random, key)
				r.At = start.Add(time.Duration(n/2) * time.Second)
				write(t, b.ledger, r)
				if n%10 == 0 {
					checkTally(t, b.Board, key)
				}
			}
			checkTally(t, b.Board, key)
			replayed := b.ledger.Replayed()
			assert.Equal(t, withoutSequence(summary(t, b.Board, key)), withoutSequence(summary(t, replayed, key)))
			assert.Equal(t, b.Backlog("sms"), replayed.Backlog("sms"))
		})
	}
}

// town is some people, who share some addresses, areas and teams.
func town(random *rand.Rand) []trackingtest.Person {
	places := []alerting.Area{"ma.boston", "ma.chelsea", "ma.revere"}
	people := make([]trackingtest.Person, 12)
	for i := range people {
		p := trackingtest.Person{Name: fmt.Sprint("P", 10+i), Areas: places[random.IntN(3):]}
		for n := range random.IntN(4) {
			mark := [...]string{"", "", "", "!"}[random.IntN(4)]
			p.Contacts = append(p.Contacts, fmt.Sprintf("%s%s:+%d%d", mark, [...]string{"sms", "email", "sms", "signal"}[random.IntN(4)], n, random.IntN(8)))
		}
		if random.IntN(2) == 0 {
			p.Teams = []string{[...]string{"emc", "fire"}[random.IntN(2)]}
		}
		people[i] = p
	}
	return people
}

// happening is one thing that may happen to the alert, sense or not.
func happening(random *rand.Rand, key alerting.Key) alerting.Record {
	r := alerting.Record{Alert: key}
	delivery, attempt := uint32(random.IntN(22)), 1+random.IntN(3)
	people := []uint32{uint32(random.IntN(13)), uint32(random.IntN(13))}[:1+random.IntN(2)]
	states := []alerting.State{alerting.Accepted, alerting.Sent, alerting.Delivered, alerting.Read, alerting.Unknown, alerting.Undelivered, alerting.Failed, alerting.Suppressed, alerting.Canceled}
	retry := time.Time{}
	if random.IntN(3) == 0 {
		retry = late
	}
	switch random.IntN(14) {
	case 0, 1, 2:
		r.Attempts = []alerting.Attempt{{Delivery: delivery, Attempt: attempt}}
	case 3, 4, 5, 6:
		r.Results = []alerting.Result{{Delivery: delivery, Attempt: attempt, State: states[random.IntN(len(states))], RetryAt: retry}}
	case 7, 8:
		r.Results = []alerting.Result{{Delivery: delivery, Attempt: attempt, State: states[random.IntN(7)], Receipt: true}}
	case 9:
		r.Answers = []alerting.Answer{{Recipients: people, Via: alerting.ViaReaction, Channel: "sms", Address: "+1", Response: [...]string{"", "1", "2"}[random.IntN(3)]}}
	case 10:
		r.Answers = []alerting.Answer{{Recipients: people, Via: alerting.ViaReaction, Channel: "sms", Address: "+1", Retracted: true}}
	case 11:
		r.Activated = []alerting.Activation{{Delivery: delivery, Reason: "it is time"}}
	case 12:
		kind := [...]alerting.RemarkKind{alerting.RemarkOptOut, alerting.RemarkOptIn}[random.IntN(2)]
		r.Remarks = []alerting.Remark{{Kind: kind, Channel: "sms", Address: fmt.Sprintf("+%d%d", random.IntN(3), random.IntN(8))}}
	case 13:
		switch random.IntN(12) {
		case 0:
			r.Expired = true
		case 1, 2, 3:
			r.Opened = &alerting.Opened{Alert: alert(func(a *alerting.Alert) { a.Areas = []alerting.Area{"ma.chelsea"} })}
			r.Manifest = widening(random)
		default:
			r.Notices = []alerting.Notice{{Channel: "sms", Address: "+11", Kind: alerting.NoticeConfirmation, Text: "thanks"}}
		}
	}
	r.InDoubt = sometimes(random)
	return r
}

// sometimes is when a system before may have done the same, as it may after a restore.
func sometimes(random *rand.Rand) time.Time {
	if random.IntN(3) > 0 {
		return time.Time{}
	}
	return before.Add(time.Duration(random.IntN(100)) * time.Minute)
}

// widening is the manifest of an alert that is for more areas now: some are on it already.
func widening(random *rand.Rand) *alerting.Manifest {
	m := &alerting.Manifest{Parts: 1, Deliveries: []alerting.Planned{
		{Channel: "sms", Address: fmt.Sprintf("+0%d", random.IntN(8)), Active: true}, {Channel: "email", Address: "new@x.org", Active: true},
	}}
	for _, id := range []string{"p10", "p11", fmt.Sprint("p", 20+random.IntN(9))} {
		m.Recipients = append(m.Recipients, alerting.Recipient{Subscriber: id, Name: id, Areas: []alerting.Area{"ma.lynn", "ma.boston"}, Contacts: []uint32{0, 1}})
	}
	return m
}

func withoutSequence(s tracking.Summary) tracking.Summary {
	s.Sequence = 0
	return s
}

func checkTally(t *testing.T, b *tracking.Board, key alerting.Key) {
	t.Helper()
	s := summary(t, b, key)
	states, channels := tracking.Counts{}, map[string]tracking.Counts{}
	deliveries, _ := b.Deliveries(key, 0, 1000, func(d tracking.DeliveryView) bool { return d.Notice == "" })
	for _, d := range deliveries {
		states[d.State]++
		if channels[d.Channel] == nil {
			channels[d.Channel] = tracking.Counts{}
		}
		channels[d.Channel][d.State]++
		require.NotEmpty(t, d.History, "what has a state has a history")
	}
	require.Equal(t, states, s.States)
	require.Equal(t, channels, s.Channels)
	require.Equal(t, len(deliveries), s.Deliveries)

	people, _ := b.People(key, 0, 1000, nil)
	counted, responses, areas := [3]int{}, map[string]int{}, map[alerting.Area]tracking.AreaSummary{}
	gaps := []string{}
	for _, p := range people {
		reached, delivered := false, false
		for _, c := range p.Contacts {
			reached = reached || c.State == alerting.Accepted || c.State == alerting.Sent || c.State.Arrived()
			delivered = delivered || c.State.Arrived()
		}
		require.Equal(t, reached, p.Reached)
		require.Equal(t, delivered, p.Delivered)
		counted[0], counted[1], counted[2] = counted[0]+one(reached), counted[1]+one(delivered), counted[2]+one(p.Answer != nil)
		if p.Answer != nil {
			key := p.Answer.Response
			if key == "" {
				key = "ack"
			}
			responses[key]++
		} else if p.Gap {
			gaps = append(gaps, p.Subscriber)
		}
		for _, area := range p.Areas {
			x := areas[area]
			x.Area, x.People, x.Reached, x.Delivered, x.Acknowledged = area, x.People+1, x.Reached+one(reached), x.Delivered+one(delivered), x.Acknowledged+one(p.Answer != nil)
			x.First = earliest(x.First, p.Answers)
			areas[area] = x
		}
	}
	require.Equal(t, counted, [3]int{s.Reached, s.Delivered, s.Acknowledged})
	require.Equal(t, responses, s.Responses)
	require.Len(t, s.Areas, len(areas))
	for _, x := range s.Areas {
		require.Equal(t, areas[x.Area], x)
	}
	shown := []string{}
	for _, g := range s.Gaps {
		shown = append(shown, g.Subscriber)
		require.NotEmpty(t, g.Detail)
	}
	require.Equal(t, gaps, shown)
}

// earliest is the first answer of those given that was not taken back, where it is before x.
func earliest(x *tracking.AnswerView, given []tracking.AnswerView) *tracking.AnswerView {
	for i := range given {
		if !given[i].Retracted {
			if x == nil || given[i].At.Before(x.At) {
				return &given[i]
			}
			return x
		}
	}
	return x
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
