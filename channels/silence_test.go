package channels_test

import (
	"cmp"
	"context"
	"encoding/binary"
	"strconv"
	"time"

	"revere/alerting"
)

// A silence is a message that the provider took and told no end of.
type silence struct {
	alerting.Silence
	asked []time.Time
	told  []alerting.State // what came into the inbox
	over  bool             // its alert is
}

// offerSilence adds a message that was last heard of at a time.
func (o *outbox) offerSilence(heard time.Time) *silence {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := uint32(len(o.silent))
	ref := alerting.Ref{Alert: "a1", Attempt: 1}
	binary.BigEndian.PutUint32(ref.Delivery[:], i)
	s := &silence{Silence: alerting.Silence{
		Ref: ref, ProviderID: strconv.Itoa(int(i)), State: alerting.Accepted, Heard: heard, At: alerting.Mark{Opened: 1, Delivery: i},
	}}
	o.silent = append(o.silent, s)
	return s
}

// silentStretch is how many of them one look is at.
const silentStretch = 50

func (o *outbox) Silent(from alerting.Mark, wanted func(time.Time) bool) (x alerting.Silence, next alerting.Mark, found bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := int(from.Delivery); i < len(o.silent) && !from.End(); i++ {
		if i == int(from.Delivery)+silentStretch {
			return x, alerting.Mark{Opened: 1, Delivery: uint32(i)}, false
		}
		if s := o.silent[i]; !s.over && !s.ended() && wanted(s.Heard) {
			return s.Silence, alerting.Mark{Opened: 1, Delivery: uint32(i + 1)}, true
		}
	}
	return x, alerting.Mark{Lane: alerting.LaneNotices}, false
}

func (s *silence) ended() bool { return s.State != alerting.Accepted && s.State != alerting.Sent }

// Put takes receipts in at once.
func (o *outbox) Put(_ context.Context, facts ...alerting.Inbound) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := outcomeOf(o.putFails); err != nil {
		return err
	}
	for _, f := range facts {
		ref, err := alerting.ParseRef(f.Ref)
		if err != nil {
			return err
		}
		s := o.silent[binary.BigEndian.Uint32(ref.Delivery[:])]
		s.told, s.State, s.Heard = append(s.told, f.State), f.State, time.Now()
	}
	return nil
}

// A teller is a provider that can be asked about what it took. A question takes as long as a message,
// and counts towards what goes on at once.
type teller struct {
	*provider
	outbox *outbox
	tell   func(s *silence) (alerting.State, error) // nil: everything is still queued
}

func (w *world) tells(tell func(s *silence) (alerting.State, error)) *teller {
	t := &teller{provider: w.provider, outbox: w.outbox, tell: tell}
	w.channel = t
	return t
}

func (t *teller) Inquire(ctx context.Context, x alerting.Silence) ([]alerting.Inbound, error) {
	t.outbox.mu.Lock()
	s := t.outbox.silent[x.At.Delivery]
	s.asked = append(s.asked, time.Now())
	t.outbox.mu.Unlock()
	t.provider.mu.Lock()
	defer t.provider.mu.Unlock()
	t.busy()
	state := alerting.Accepted
	if t.tell != nil {
		var err error
		if state, err = t.tell(s); err != nil || ctx.Err() != nil {
			return nil, cmp.Or(err, ctx.Err())
		}
	}
	return []alerting.Inbound{{Kind: alerting.InboundReceipt, Ref: x.Ref.String(), State: state, ID: x.ProviderID + state.String()}}, nil
}

// questions is how often was asked so far.
func (t *teller) questions() (n int) {
	t.outbox.mu.Lock()
	defer t.outbox.mu.Unlock()
	for _, s := range t.outbox.silent {
		n += len(s.asked)
	}
	return n
}
