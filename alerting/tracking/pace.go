package tracking

import (
	"slices"
	"time"

	"revere/alerting"
)

// A pace is what a channel's next dispatcher must know of how the ones before pushed its provider.
type pace struct {
	held   time.Time     // until when nothing goes out
	asked  time.Duration // how long that was when it was recorded
	newest [recent]begun // attempts, in turns
	n      int           // how many there were
}

// recent is how many attempts are kept: more than may wait for their turn in any pace that is felt.
const recent = 256

// begun is an attempt that was put on record.
type begun struct {
	alert    alerting.Key
	delivery uint32
	attempt  uint16
}

func (b *Board) pace(channel uint16) *pace {
	p := b.paces[channel]
	if p == nil {
		p = &pace{}
		b.paces[channel] = p
	}
	return p
}

// knownPace is a channel's by its name; nil where nothing ever went out on it.
func (b *Board) knownPace(channel string) *pace {
	number := slices.Index(b.channels, channel)
	if number < 0 {
		return nil
	}
	return b.paces[uint16(number)]
}

func (p *pace) begin(x begun) {
	p.newest[p.n%recent] = x
	p.n++
}

// foldHeld takes in until when a channel is left alone. Only a longer time counts: others may have been told less.
func (b *Board) foldHeld(r *alerting.Record) {
	if r.Held == nil {
		return
	}
	if p := b.pace(b.numberOf(r.Held.Channel)); r.Held.Until.After(p.held) {
		p.held, p.asked = r.Held.Until, r.Held.Until.Sub(r.At)
	}
}

// Held is until when nothing goes out on the channel; past, or zero, where something may. It is never longer from
// now than it was when it was recorded: a clock that was wrong must not silence a channel.
func (b *Board) Held(channel string, now time.Time) time.Time {
	b.mu.RLock()
	defer b.mu.RUnlock()
	p := b.knownPace(channel)
	if p == nil {
		return time.Time{}
	}
	if longest := now.Add(p.asked); p.held.After(longest) {
		return longest
	}
	return p.held
}

// Newest are up to n attempts on the channel that were put on record last, the newest first; 256 at most. Those
// of filed alerts are left out.
func (b *Board) Newest(channel string, n int) (attempts []alerting.Begun) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	p := b.knownPace(channel)
	if p == nil {
		return nil
	}
	for i := p.n - 1; i >= max(0, p.n-min(n, recent)); i-- {
		if x, ok := b.lookUp(p.newest[i%recent]); ok {
			attempts = append(attempts, x)
		}
	}
	return attempts
}

// lookUp returns an attempt as it was begun, and when something was first known of it.
func (b *Board) lookUp(x begun) (found alerting.Begun, ok bool) {
	a := b.alerts[x.alert]
	if a == nil || int(x.delivery) >= len(a.deliveries) {
		return found, false
	}
	d := &a.deliveries[x.delivery]
	found.Due = alerting.Due{Alert: x.alert, Delivery: x.delivery, Address: a.address(d), Attempt: int(x.attempt), Lane: b.lane(a, d)}
	for e := range a.history.backwards(d.history) {
		switch {
		case e.attempt != x.attempt:
		case e.state == alerting.Attempting:
			found.Due.Since, found.Due.PossibleDuplicate = e.at.time(), e.repeated
			return found, true
		default:
			found.Ended = e.at.time()
		}
	}
	return found, false
}
