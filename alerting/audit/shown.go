package audit

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
)

// A view is everything that a board shows of an alert.
type view struct {
	summary    tracking.Summary
	deliveries []tracking.DeliveryView
	people     []tracking.PersonView
}

// page is how much of a board is read at a time, so that it is not held.
const page = 500

func viewOf(board *tracking.Board, key alerting.Key) (v view) {
	v.summary, _ = board.Summary(key)
	for from := 0; from >= 0; {
		var part []tracking.DeliveryView
		part, from = board.Deliveries(key, from, page, nil)
		v.deliveries = append(v.deliveries, part...)
	}
	for from := 0; from >= 0; {
		var part []tracking.PersonView
		part, from = board.People(key, from, page, nil)
		v.people = append(v.people, part...)
	}
	return v
}

// How often, and how long, an alert is waited for to stand still while it is read.
const (
	looks     = 20
	lookPause = 100 * time.Millisecond
)

// still reads an alert as the board shows it at one moment.
func (a *Auditor) still(ctx context.Context, key alerting.Key) (view, error) {
	for range looks {
		before, known := a.Board.Head(key)
		if !known {
			return view{}, alerting.Errorf(alerting.CodeNotFound, "no alert has the key %q", key)
		}
		v := viewOf(a.Board, key)
		if v.summary.Sequence == before.Sequence {
			if after, _ := a.Board.Head(key); after.Sequence == before.Sequence {
				return v, nil
			}
		}
		select {
		case <-ctx.Done():
			return view{}, ctx.Err()
		case <-time.After(lookPause):
		}
	}
	return view{}, alerting.Errorf(alerting.CodeUnavailable, "alert %s changes faster than it can be read; verify it when less is going on", key)
}

// compare holds what the board shows against what the ledger adds up to.
func (r *Report) compare(live, fresh view) {
	r.Deliveries = len(live.deliveries)
	r.fields("the alert's", live.summary, fresh.summary, Difference{Kind: Shown})
	shown, folded := byIndex(live.deliveries), byIndex(fresh.deliveries)
	for _, i := range union(shown, folded) {
		d, ok := shown[i]
		f, is := folded[i]
		at := Difference{Kind: Shown, Channel: cmp.Or(d.Channel, f.Channel), Address: cmp.Or(d.Address, f.Address)}
		switch {
		case !is:
			at.Detail = "the board shows a delivery that the ledger does not have"
			r.differ(at)
		case !ok:
			at.Detail = "the ledger has a delivery that the board does not show"
			r.differ(at)
		default:
			r.fields("the delivery's", d, f, at)
		}
		if ok && d.Notice == "" && d.ID != alerting.NewDeliveryID(r.Alert, d.Channel, d.Address) {
			r.differ(Difference{Kind: Misnamed, Channel: d.Channel, Address: d.Address, Detail: "its id " + d.ID.String() + " is not that of the alert and its address"})
		}
	}
	for i := range max(len(live.people), len(fresh.people)) {
		var d, f tracking.PersonView
		if i < len(live.people) {
			d = live.people[i]
		}
		if i < len(fresh.people) {
			f = fresh.people[i]
		}
		r.fields("subscriber "+d.Subscriber+":", d, f, Difference{Kind: Shown})
	}
}

func byIndex(list []tracking.DeliveryView) map[uint32]tracking.DeliveryView {
	m := make(map[uint32]tracking.DeliveryView, len(list))
	for _, d := range list {
		m[d.Index] = d
	}
	return m
}

func union[V any](x, y map[uint32]V) []uint32 {
	all := maps.Clone(x)
	maps.Copy(all, y)
	return slices.Sorted(maps.Keys(all))
}

// fields names every field in which two views differ, as their JSON has it.
func (r *Report) fields(whose string, shown, folded any, at Difference) {
	x, y := fieldsOf(shown), fieldsOf(folded)
	names := maps.Clone(x)
	maps.Copy(names, y)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !bytes.Equal(x[name], y[name]) {
			at.Detail = fmt.Sprintf("%s %s: the board shows %s, and the ledger adds up to %s", whose, name, clip(x[name]), clip(y[name]))
			r.differ(at)
		}
	}
}

func fieldsOf(v any) map[string]json.RawMessage {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // views are made to be shown as JSON
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &fields); err != nil {
		panic(err) // likewise
	}
	return fields
}

// clip keeps what is shown of a value short.
func clip(value json.RawMessage) string {
	const most = 120
	switch {
	case value == nil:
		return "nothing"
	case len(value) > most:
		return string(bytes.ToValidUTF8(value[:most], nil)) + "…"
	}
	return string(value)
}

// recount counts what is shown, and holds it against the counts that are shown.
func (r *Report) recount(v view) {
	states, deliveries := tracking.Counts{}, 0
	for _, d := range v.deliveries {
		if d.Notice == "" {
			states[d.State]++
			deliveries++
		}
	}
	reached, delivered, acknowledged := 0, 0, 0
	for _, p := range v.people {
		if p.Reached {
			reached++
		}
		if p.Delivered {
			delivered++
		}
		if p.Answer != nil {
			acknowledged++
		}
	}
	count := func(what string, shown, counted any) {
		if fmt.Sprint(shown) != fmt.Sprint(counted) {
			r.differ(Difference{Kind: Miscounted, Detail: fmt.Sprintf("%s: %v are told and %v are there", what, shown, counted)})
		}
	}
	s := v.summary
	count("people", s.People, len(v.people))
	count("reached", s.Reached, reached)
	count("delivered", s.Delivered, delivered)
	count("acknowledged", s.Acknowledged, acknowledged)
	count("deliveries", s.Deliveries, deliveries)
	count("deliveries by state", s.States, states)
}
