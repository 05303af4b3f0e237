// Package replies draws from what came in what it means: a receipt raises a delivery's state, a
// reply acknowledges, STOP leaves a gap. What came in is durable before this room sees it, and what
// it draws is written together with its place in the inbound stream, so that each fact counts once.
package replies

import (
	"context"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
	"revere/alerting/wording"
)

// A Processor deals with inbound facts, in their order.
type Processor struct {
	Board   *tracking.Board
	Journal alerting.Journal
	Desk    wording.Desk
	// OptOut and OptIn keep in the directory what a person wants on a channel.
	OptOut func(ctx context.Context, channel, address, reason string) error
	OptIn  func(ctx context.Context, channel, address string) error
	Now    func() time.Time
	Log    zerolog.Logger
	// Answered is how far arrivals may have been answered already, unknown to the board, by the system
	// before a restore.
	Answered uint64
	// Observe is told of every fact and what was made of it, for metrics.
	Observe func(channel string, kind alerting.InboundKind, outcome string)

	heard  memory
	asides chan struct{} // signaled when something was set aside
}

// An Arrival is what one message of the inbound stream holds.
type Arrival struct {
	Sequence uint64
	Facts    []alerting.Inbound
}

// Run deals with arrivals until ctx is done; those about filed alerts as soon as these are read again. An
// error means that the ledger could not be written: whoever holds the lease begins again with a new Processor, Lookback arrivals before Board.Inbound.
// Arrivals up to Board.Inbound only tell it what was heard already.
func (p *Processor) Run(ctx context.Context, arrivals <-chan Arrival) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	p.asides = make(chan struct{}, 1)
	ready := make(chan fetched)
	go p.fetch(ctx, ready) // it may be reading when Run ends: nobody waits for that
	work := context.WithoutCancel(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case first := <-arrivals:
			if err := p.deal(work, gather(first, arrivals)); err != nil {
				return err
			}
		case next := <-ready:
			settled, err := p.settle(work, next)
			if err != nil {
				return err
			}
			next.settled <- settled
		}
	}
}

// mostAtOnce bounds how many arrivals share a write.
const mostAtOnce = 200

// gather takes with the first arrival what waits behind it.
func gather(first Arrival, more <-chan Arrival) []Arrival {
	gathered := []Arrival{first}
	for len(gathered) < mostAtOnce {
		select {
		case next := <-more:
			gathered = append(gathered, next)
		default:
			return gathered
		}
	}
	return gathered
}

// deal draws records from arrivals. Receipts stand by themselves and share a write; a reply is
// judged by what the board says after every arrival before its own. What is drawn from one arrival
// is written at once, with the arrival's place: so it counts once, and one of which nothing was drawn
// is not read again either, when it would be taken for the answer to a later alert.
func (p *Processor) deal(ctx context.Context, arrivals []Arrival) error {
	var pending []alerting.Record
	for _, a := range arrivals {
		if a.Sequence <= p.Board.Inbound() {
			p.heard.all(a.Facts)
			continue
		}
		if !onlyReceipts(a) {
			if err := p.write(ctx, pending); err != nil {
				return err
			}
			pending = nil
		}
		records, err := p.take(ctx, a.Facts)
		if err != nil {
			return err
		}
		p.doubt(a.Sequence, records)
		if pending = append(pending, records...); len(pending) == 0 {
			pending = append(pending, alerting.Record{})
		}
		pending[len(pending)-1].Inbound = a.Sequence
	}
	return p.write(ctx, pending)
}

// doubt says of what is sent back that it may have been sent already, since what it answers came in.
func (p *Processor) doubt(arrival uint64, records []alerting.Record) {
	if arrival > p.Answered {
		return
	}
	for i := range records {
		if r := &records[i]; len(r.Notices) > 0 {
			r.InDoubt = r.At
		}
	}
}

// take draws records from the facts of one arrival. The last of them holds what is set aside, if anything is.
func (p *Processor) take(ctx context.Context, facts []alerting.Inbound) (records []alerting.Record, err error) {
	var aside alerting.Record
	for _, fact := range facts {
		if p.heard.before(fact) {
			p.Observe(fact.Channel, fact.Kind, "repeated")
			continue
		}
		now, later, awaits := p.part(fact)
		if later != nil {
			p.Observe(fact.Channel, fact.Kind, "set aside")
			aside.Aside = append(aside.Aside, *later)
			if aside.Awaits == "" { // several in one arrival wait together
				aside.Awaits = awaits
			}
		}
		if now == nil {
			continue
		}
		drawn, outcome, err := p.draw(ctx, *now)
		if err != nil {
			return nil, err
		}
		p.Observe(fact.Channel, fact.Kind, outcome)
		records = append(records, drawn...)
	}
	if len(aside.Aside) > 0 {
		records = append(records, aside)
	}
	return records, nil
}

func onlyReceipts(a Arrival) bool {
	return !slices.ContainsFunc(a.Facts, func(f alerting.Inbound) bool { return f.Kind != alerting.InboundReceipt })
}

func (p *Processor) write(ctx context.Context, records []alerting.Record) error {
	if len(records) == 0 {
		return nil
	}
	faults.Reach(faults.BeforeDraw)
	sequence, err := p.Journal.Append(ctx, records...)
	if err != nil {
		return err
	}
	faults.Reach(faults.AfterDraw)
	if err := p.Board.Wait(ctx, sequence); err != nil {
		return err
	}
	if slices.ContainsFunc(records, func(r alerting.Record) bool { return len(r.Aside) > 0 }) {
		select {
		case p.asides <- struct{}{}:
		default:
		}
	}
	return nil
}

// draw makes records of one fact, and says in a word what was made of it. A fact of which nothing can
// be made however often it is tried is passed over, for the operator to see: those behind it don't wait.
func (p *Processor) draw(ctx context.Context, f alerting.Inbound) (records []alerting.Record, outcome string, err error) {
	records, outcome, err = p.interpret(ctx, f)
	if alerting.Hopeless(err) {
		p.Log.Error().Err(err).Str("channel", f.Channel).Str("kind", string(f.Kind)).Str("id", f.ID).Msg("an inbound message was passed over")
		return nil, "failed", nil
	}
	return records, outcome, err
}

func (p *Processor) interpret(ctx context.Context, f alerting.Inbound) (records []alerting.Record, outcome string, err error) {
	defer alerting.Rescue(&err)
	switch f.Kind {
	case alerting.InboundReceipt:
		records, outcome = p.receipt(f)
	case alerting.InboundReply:
		records, outcome = p.reply(f)
	case alerting.InboundQuote:
		records, outcome = p.quote(f)
	case alerting.InboundReaction, alerting.InboundUnreact:
		records, outcome = p.reaction(f)
	case alerting.InboundOptOut:
		return p.optOut(ctx, f)
	case alerting.InboundOptIn:
		return p.optIn(ctx, f)
	case alerting.InboundAskedHelp:
		records, outcome = remarkIn(p.openPlaces(f), f, alerting.RemarkHelp, "asked the provider for help"), "remarked"
	default:
		outcome = "refused"
	}
	return records, outcome, nil
}

// receipt raises the state of the delivery that the provider speaks of.
func (p *Processor) receipt(f alerting.Inbound) (records []alerting.Record, outcome string) {
	if f.Ref != "" {
		ref, err := alerting.ParseRef(f.Ref)
		if err != nil {
			return nil, "unknown"
		}
		place, ok := p.Board.PlaceOf(ref.Alert, ref.Delivery)
		if !ok || place.Channel != f.Channel {
			return nil, "unknown"
		}
		return []alerting.Record{received(place, ref.Attempt, f)}, "taken"
	}
	places := p.Board.PlacesOf(f.Channel, f.From)
	for _, place := range places {
		if sentAny(place, f.About) {
			records = append(records, received(place, place.Attempts, f))
		}
	}
	if place, one := sentThen(places, f.SentAt); len(records) == 0 && one {
		records = append(records, received(place, place.Attempts, f))
	}
	if len(records) == 0 {
		return nil, "unknown"
	}
	return records, "taken"
}

const (
	// skew is how far the provider's clock may be behind ours, longestCall how long after its record
	// a message can have been sent at most.
	skew        = 5 * time.Second
	longestCall = 2 * time.Minute
)

// sentThen finds the one place to which a message was on its way at a time, and of which no answer of
// the provider's has come: its receipt was faster than the answer, or the answer was lost. Where there
// are several nobody can say which it was.
func sentThen(places []tracking.Place, at time.Time) (found tracking.Place, one bool) {
	if at.IsZero() {
		return found, false
	}
	for _, place := range places {
		unsettled := place.State == alerting.Attempting || place.State == alerting.Unknown
		if !unsettled || at.Before(place.Attempted.Add(-skew)) || at.After(place.Attempted.Add(longestCall)) {
			continue
		}
		if one {
			return found, false
		}
		found, one = place, true
	}
	return found, one
}

func received(place tracking.Place, attempt int, f alerting.Inbound) alerting.Record {
	result := alerting.Result{Delivery: place.Delivery, Attempt: attempt, State: f.State, Code: f.Code, Reason: f.Reason, Receipt: true}
	if len(f.About) == 1 {
		result.ProviderID = f.About[0]
	}
	return alerting.Record{Alert: place.Key, At: moment(f.At), Results: []alerting.Result{result}}
}

func moment(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
