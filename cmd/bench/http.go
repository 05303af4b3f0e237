package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"revere/alerting"
	"revere/channels"
	"revere/channels/sms"
	"revere/channels/sms/bare"
	"revere/cmd/service"
	"revere/subscribers"
)

const (
	// httpConnections is how many calls are under way at once, on both sides.
	httpConnections = 128
	// Each alert goes to a part of the recipients, so that it takes seconds and not minutes, and to
	// no more than there are numbers.
	httpShare = 4
	httpMost  = 50_000
)

// measureHTTP measures alerts by SMS to a stand-in for Twilio in another process, in turns with a
// bare loop that sends as many messages to it over as many connections.
func (r *run) measureHTTP(ctx context.Context) (err error) {
	twilio, err := startStandIn(ctx, r.Program, r.ChannelLatency)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, twilio.stop()) }()
	phones := *r
	phones.crowd = newCrowd(min(max(r.crowd.people/httpShare, 1), httpMost), r.Areas)
	phones.crowd.contact = phone
	site, err := r.newSite(ctx)
	if err != nil {
		return err
	}
	p := &product{run: &phones, site: site}
	defer func() { err = errors.Join(err, p.stop(), site.remove()) }()
	if err := p.install(ctx); err != nil {
		return err
	}
	if err := p.startSMS(ctx, twilio.url); err != nil {
		return err
	}
	loop, err := newBareLoop(twilio.url, p.crowd)
	if err != nil {
		return err
	}
	defer loop.client.Close()
	return p.compare(ctx, loop)
}

// phone is a person's number: one of those that are kept for fiction, 100 in each area code
// (https://www.nanpa.com), so that nothing here reaches anybody.
func phone(person int) subscribers.Contact {
	return subscribers.Contact{Channel: sms.Kind.Name, Address: fmt.Sprintf("+1%03d55501%02d", 200+person/100, person%100)}
}

// startSMS starts a service whose one channel is SMS by way of the stand-in.
func (p *product) startSMS(ctx context.Context, url string) error {
	kinds := []channels.Kind{sms.Kind}
	const section = "REVERE_CHANNELS__SMS__"
	c, err := p.site.config(kinds,
		section+"ACCOUNT_SID="+standInAccount, section+"AUTH_TOKEN="+standInToken, section+"FROM="+standInNumber, section+"BASE_URL="+url,
		section+"RATE="+strconv.FormatFloat(unlimited, 'f', 0, 64), section+"CONCURRENCY="+strconv.Itoa(httpConnections),
		section+"ASK_AFTER=10m") // it sends no receipts, and is not to be asked for them while it is measured
	if err != nil {
		return err
	}
	if p.service, err = service.Start(ctx, service.Options{Config: c, Kinds: kinds, Log: p.Log, Version: "bench"}); err != nil {
		p.service = nil
	}
	return err
}

// compare sends to everyone by both ways, in turns.
func (p *product) compare(ctx context.Context, loop *bareLoop) error {
	var bare, own paces
	for i := range p.Alerts {
		part := func(done float64) { p.part((float64(i) + done/2) / float64(p.Alerts)) }
		if err := bare.measure(p.crowd.people, func() (time.Duration, error) { return loop.sendAll(ctx, part) }); err != nil {
			return err
		}
		if err := own.measure(p.crowd.people, func() (time.Duration, error) { return p.sendAll(ctx, i) }); err != nil {
			return err
		}
	}
	p.figures["http_connections"] = httpConnections
	p.figures["http_bare"], p.figures["http_bare_cpu"] = median(bare.rates), median(bare.processor)
	p.figures["http_product"], p.figures["http_product_cpu"] = median(own.rates), median(own.processor)
	return nil
}

// paces are how fast messages went out, time after time: messages a second, and microseconds of
// this process on a processor for each.
type paces struct{ rates, processor []float64 }

func (p *paces) measure(messages int, send func() (time.Duration, error)) error {
	before := processorTime()
	took, err := send()
	p.rates = append(p.rates, rate(messages, took))
	p.processor = append(p.processor, (processorTime()-before).Seconds()*1e6/float64(messages))
	return err
}

// sendAll sends one alert to everyone. Its time runs from its publish acknowledgement until every
// delivery's outcome can be asked for. The alert is severe, as most are: it leaves an eighth of the connections
// to extreme ones.
func (p *product) sendAll(ctx context.Context, i int) (time.Duration, error) {
	key, start, err := p.publish(ctx, alerting.StateArea(crowdState), body(fmt.Sprintf("http-%d", i), alerting.Severe, time.Hour))
	if err != nil {
		return 0, err
	}
	if err := p.settled(ctx, key, p.crowd.people); err != nil {
		return 0, err
	}
	took := time.Since(start)
	for n := range p.crowd.people {
		if state := p.service.Board().State(key, uint32(n)); state != alerting.Accepted {
			return 0, fmt.Errorf("delivery %d of alert %s is %s: the stand-in did not take every message", n, key, state)
		}
	}
	return took, nil
}

// A bareLoop sends what the product sends, with nothing before and nothing after.
type bareLoop struct {
	client *bare.Client
	crowd  crowd
}

func newBareLoop(url string, c crowd) (*bareLoop, error) {
	client, err := bare.New(bare.Account{BaseURL: url, SID: standInAccount, Token: standInToken, From: standInNumber, Connections: httpConnections})
	return &bareLoop{client, c}, err
}

// A message as the product words and addresses it, for the bare loop.
const (
	bareText     = "EXERCISE Bench, EXTREME, Massachusetts: Phishing against election clerks. Do not open invoice mail. Report what has come. Reply ACK K7Q. EXERCISE"
	bareCallback = "http://127.0.0.1:8080/webhooks/twilio/status?ref=a1-00000000000000000000000000-1"
	bareValidity = 3600
)

// sendAll sends a message to everyone, and tells which part of them it has come to.
func (l *bareLoop) sendAll(ctx context.Context, part func(float64)) (time.Duration, error) {
	start := time.Now()
	work, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for worker := range httpConnections {
		work.Go(func() error {
			for ctx.Err() == nil {
				person := int(next.Add(1)) - 1
				if person >= l.crowd.people {
					return nil
				}
				if err := l.client.Send(l.crowd.contact(person).Address, bareText, bareCallback, bareValidity); err != nil {
					return fmt.Errorf("the bare loop: %w", err)
				}
				if worker == 0 { // one tells for all
					part(float64(person) / float64(l.crowd.people))
				}
			}
			return ctx.Err()
		})
	}
	err := work.Wait()
	return time.Since(start), err
}
