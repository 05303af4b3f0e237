package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"

	"revere/alerting"
	"revere/alerting/tracking"
)

const (
	// askAtOnce is how many questions a provider is asked at once: few, since messages go first.
	askAtOnce = 4
	// A question that could not be put is put again so often, after pauses that grow from askPause.
	askTries = 3
	askPause = time.Second
)

// providers asks about every address of the alert, channel by channel. whole is false where one that
// was to be asked could not be.
func (a *Auditor) providers(ctx context.Context, r *Report, v view, ask bool) (whole bool) {
	byChannel := map[string]map[string][]tracking.DeliveryView{}
	var names []string
	for _, d := range v.deliveries {
		if byChannel[d.Channel] == nil {
			byChannel[d.Channel] = map[string][]tracking.DeliveryView{}
			names = append(names, d.Channel)
		}
		byChannel[d.Channel][d.Address] = append(byChannel[d.Channel][d.Address], d)
	}
	slices.Sort(names)
	whole = true
	for _, name := range names {
		p := a.provider(ctx, r, v.summary, name, byChannel[name], ask)
		whole = whole && p.Answer != Failed
		r.Providers = append(r.Providers, p)
	}
	return whole
}

// provider asks on one channel.
func (a *Auditor) provider(ctx context.Context, r *Report, s tracking.Summary, channel string, addresses map[string][]tracking.DeliveryView, ask bool) Provider {
	lister, on := a.Channels[channel]
	switch {
	case !on:
		return Provider{Channel: channel, Answer: Off, Detail: "the channel is not configured here"}
	case lister == nil:
		return Provider{Channel: channel, Answer: Mute, Detail: "this provider tells nobody what it was given: there is only the ledger's word"}
	case !ask:
		return Provider{Channel: channel, Answer: NotAsked}
	}
	var mu sync.Mutex
	found := map[string][]Difference{}
	asking, ctx := errgroup.WithContext(ctx)
	asking.SetLimit(askAtOnce)
	for address, deliveries := range addresses {
		asking.Go(func() error {
			carried, err := patiently(ctx, lister, address, s.Opened)
			if err != nil {
				return err
			}
			differences := held(s.Code, deliveries, carried)
			mu.Lock()
			defer mu.Unlock()
			found[address] = differences
			return nil
		})
	}
	err := asking.Wait()
	for address := range addresses {
		r.Differences = append(r.Differences, found[address]...)
	}
	if err != nil {
		return Provider{Channel: channel, Answer: Failed, Addresses: len(found), Detail: err.Error()}
	}
	return Provider{Channel: channel, Answer: Asked, Addresses: len(found)}
}

// patiently asks again where the provider was busy.
func patiently(ctx context.Context, lister Lister, address string, since time.Time) (list []alerting.Carried, err error) {
	for try := range askTries {
		if list, err = lister.Carried(ctx, address, since); err == nil || try == askTries-1 {
			return list, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(askPause << try):
		}
	}
	return list, err
}

// held holds what the ledger says of the deliveries to one address against what the provider has.
func held(code string, deliveries []tracking.DeliveryView, carried []alerting.Carried) (found []Difference) {
	has := make(map[string]alerting.Carried, len(carried))
	for _, m := range carried {
		has[m.ProviderID] = m
	}
	known := map[string]bool{}
	doubted := false
	for _, d := range deliveries {
		differ := func(kind Kind, format string, args ...any) {
			found = append(found, Difference{Kind: kind, Channel: d.Channel, Address: d.Address, Detail: fmt.Sprintf(format, args...)})
		}
		for _, told := range evidence(d) {
			if told.id == "" {
				doubted = doubted || d.Notice == "" && told.state == alerting.Unknown
				continue
			}
			known[told.id] = true
			m, is := has[told.id]
			if !is {
				differ(Missing, "attempt %d went out as %s, by the ledger, and the provider does not have it", told.attempt, told.id)
				continue
			}
			told.against(m, differ)
			if d.Notice == "" && !says(m.Text, code) {
				differ(OtherWords, "the provider's message %s does not carry the code %s", told.id, code)
			}
		}
	}
	for _, m := range carried {
		if known[m.ProviderID] || !offers(m.Text, code) {
			continue
		}
		d := Difference{Kind: Stray, Channel: deliveries[0].Channel, Address: deliveries[0].Address, Detail: "the provider has the message " + m.ProviderID + ", and no attempt is on record for it"}
		if doubted {
			d.Kind, d.Detail = Unheard, "the provider has the message "+m.ProviderID+", and the ledger does not know whether the attempt went out"
		}
		found = append(found, d)
	}
	return found
}

// A told is the best that the ledger says of one attempt.
type told struct {
	attempt int
	id      string // the provider's name for the message; "" where it gave none
	state   alerting.State
}

// evidence adds a history up by attempt.
func evidence(d tracking.DeliveryView) (all []told) {
	at := map[int]int{}
	for _, e := range d.History {
		if e.Attempt == 0 {
			continue
		}
		i, seen := at[e.Attempt]
		if !seen {
			i = len(all)
			at[e.Attempt] = i
			all = append(all, told{attempt: e.Attempt, state: e.State})
		}
		if e.ProviderID != "" {
			all[i].id = e.ProviderID
		}
		if e.State.Outranks(all[i].state) {
			all[i].state = e.State
		}
	}
	return all
}

// against holds an attempt against the provider's message. One that the provider refused on the spot
// is failed here and undelivered there.
func (t told) against(m alerting.Carried, differ func(kind Kind, format string, args ...any)) {
	refused := (t.state == alerting.Failed || t.state == alerting.Suppressed) && m.State == alerting.Undelivered
	switch {
	case refused || m.State == t.state:
	case m.State.Outranks(t.state):
		differ(Unheard, "the provider says that %s is %s, and the ledger that it is %s: a receipt may be missing, or on its way", m.ProviderID, m.State, t.state)
	default:
		differ(Overclaimed, "the ledger says that %s is %s, and the provider that it is %s", m.ProviderID, t.state, m.State)
	}
}

// says reports whether a text has a word.
func says(text, word string) bool { return slices.Contains(words(text), strings.ToUpper(word)) }

// offers reports whether a text asks to be acknowledged with a code. One that withdraws an alert names
// its code, too, and asks for another.
func offers(text, code string) bool {
	list := words(text)
	for i, word := range list[:max(0, len(list)-1)] {
		if word == "ACK" && list[i+1] == strings.ToUpper(code) {
			return true
		}
	}
	return false
}

func words(text string) []string {
	return strings.FieldsFunc(strings.ToUpper(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}
