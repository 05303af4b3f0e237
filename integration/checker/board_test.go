package checker_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/checker"
)

// Whatever comes to the ledger, in whatever order, the board shows what the second reckoning finds: the two
// were written apart from each other.
func TestTheBoardAndTheSecondReckoningAgree(t *testing.T) {
	for seed := range uint64(3000) {
		random := rand.New(rand.NewPCG(seed, 0))
		records := anyRecords(random)
		board := tracking.NewBoard()
		for i, r := range records {
			board.Apply(uint64(i+1), "ledger.test", []alerting.Record{r})
		}
		a := checker.Alert{Follows: true, Records: records}
		a.Summary, _ = board.Summary("a1")
		a.Deliveries, _ = board.Deliveries("a1", 0, 1000, nil)
		a.People, _ = board.People("a1", 0, 1000, nil)
		for _, v := range checker.Check(checker.History{Alerts: []checker.Alert{a}}) {
			if v.Rule == checker.Unfolded || v.Rule == checker.Forgotten { // nobody sent what is made up here
				require.Fail(t, v.String(), "seed %d", seed)
			}
		}
	}
}

// anyRecords are those of an alert to which anything may happen at any time.
func anyRecords(random *rand.Rand) []alerting.Record {
	chance := func(of int) bool { return random.IntN(of) == 0 }
	one := func() uint32 { return uint32(random.IntN(5)) } // more than there are, sometimes
	kind := []alerting.MessageType{alerting.TypeAlert, alerting.TypeAlert, alerting.TypeUpdate, alerting.TypeCancel}[random.IntN(4)]
	var all []alerting.Record
	next := func() *alerting.Record {
		all = append(all, alerting.Record{Alert: "a1", At: at(100 * len(all))})
		return &all[len(all)-1]
	}
	widen := func(areas ...alerting.Area) {
		r := next()
		r.Opened = &alerting.Opened{Alert: alerting.Alert{Type: kind, Severity: alerting.Severe, Areas: areas}}
		if chance(4) {
			r.InDoubt = r.At.Add(-time.Second)
		}
		parts := 1 + random.IntN(2)
		for part := range parts {
			if part > 0 {
				before := r
				r = next()
				r.InDoubt = before.InDoubt
			}
			r.Manifest = anyManifest(random, part, parts, areas)
		}
	}
	widen("ma.boston")
	for range 5 + random.IntN(40) {
		switch r := next(); random.IntN(12) {
		case 0, 1, 2:
			r.Attempts = []alerting.Attempt{{Delivery: one(), Attempt: 1 + random.IntN(3), PossibleDuplicate: chance(2)}}
		case 3, 4, 5, 6:
			x := alerting.Result{Delivery: one(), Attempt: random.IntN(4), State: alerting.State(random.IntN(alerting.StateCount)), Receipt: chance(3), ProviderID: fmt.Sprint(random.IntN(3))}
			if chance(3) {
				x.RetryAt, x.Reason, x.Code = r.At.Add(time.Minute), "for now", "30008"
			}
			r.Results = []alerting.Result{x}
		case 7:
			r.Answers = []alerting.Answer{{Recipients: []uint32{one(), one()}, Via: alerting.ViaReaction, Channel: "sms", Address: phone, Retracted: chance(3), Response: []string{"", "2"}[random.IntN(2)]}}
		case 8:
			r.Activated = []alerting.Activation{{Delivery: one(), Reason: "the first failed"}}
			if chance(4) {
				r.InDoubt = r.At.Add(-time.Second)
			}
		case 9:
			r.Remarks = []alerting.Remark{{
				Kind: []alerting.RemarkKind{alerting.RemarkOptOut, alerting.RemarkOptIn, alerting.RemarkGap}[random.IntN(3)], Channel: "sms",
				Address: anyAddress(random), Recipients: []uint32{one()}, Detail: "STOP",
			}}
		case 10:
			r.Notices = []alerting.Notice{{Channel: "sms", Address: anyAddress(random), Kind: alerting.NoticeConfirmation, Text: "thanks"}}
		default:
			switch random.IntN(6) {
			case 0:
				r.Expired = true
			case 1:
				r.Withdrawn = &alerting.Withdrawn{By: "a2", Type: []alerting.MessageType{alerting.TypeUpdate, alerting.TypeCancel}[random.IntN(2)]}
			case 2:
				widen("ma.chelsea")
			}
		}
	}
	return all
}

func anyAddress(random *rand.Rand) string { return fmt.Sprintf("+%d", random.IntN(4)) }

// anyManifest is a part of a list on which people share addresses, some of which get nothing.
func anyManifest(random *rand.Rand, part, parts int, areas []alerting.Area) *alerting.Manifest {
	m := &alerting.Manifest{Part: part, Parts: parts}
	for _, n := range random.Perm(4)[:2] {
		p := alerting.Planned{Channel: "sms", Address: fmt.Sprintf("+%d", n), Active: random.IntN(2) == 0}
		if !p.Active && random.IntN(4) == 0 {
			p.Suppressed = "opted out"
		}
		m.Deliveries = append(m.Deliveries, p)
	}
	for n := range 2 {
		r := alerting.Recipient{Subscriber: fmt.Sprintf("clerk-%d-%d", part, n), Areas: slices.Clone(areas), Shared: random.IntN(2) == 0}
		for _, c := range random.Perm(2 * parts)[:1+random.IntN(2)] {
			r.Contacts = append(r.Contacts, uint32(c))
		}
		if random.IntN(2) == 0 {
			r.Teams = []string{"desk"}
		}
		m.Recipients = append(m.Recipients, r)
	}
	return m
}
