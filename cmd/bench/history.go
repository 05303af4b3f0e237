package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"revere/alerting"
	"revere/alerting/filing"
	"revere/channels"
)

const (
	// An alert of the history takes place for leastLife and lifeEach more for each recipient: it is sent
	// well before it is over.
	leastLife = 3 * time.Second
	lifeEach  = 100 * time.Microsecond
	// One alert to one person was opened before all of it, and takes place all the while.
	openLife  = 24 * time.Hour
	filedLook = 100 * time.Millisecond
	filedWait = 5 * time.Minute
	// The engine keeps what was just written in memory until it has been left alone for ten seconds
	// (nats-server, defaultCacheBufferExpiration). Of a short history that is next to nothing.
	cacheLife     = 12 * time.Second
	cacheLifeEach = 12 * time.Microsecond // up to cacheLife, for each delivery
)

// measureHistory sends alerts until there is a long history of them, waits until all but the first are over and
// no more are filed, and starts the service again. What is filed so soon is what is too much.
func (r *run) measureHistory(ctx context.Context) (err error) {
	own := liveHeap()
	site, err := r.newSite(ctx)
	if err != nil {
		return err
	}
	p := &product{run: r, site: site, provider: newProvider(r.crowd)}
	defer func() { err = errors.Join(err, p.stop(), site.remove()) }()
	if err := p.install(ctx); err != nil {
		return err
	}
	p.provider.limits = channels.Limits{Rate: unlimited, Concurrency: pipelineConcurrency}
	if err := p.restart(ctx, "restart_filed"); err != nil {
		return err
	}
	if _, _, err := p.publish(ctx, loneTown, body("history-open", alerting.Severe, openLife)); err != nil {
		return err
	}
	alerts := (r.History + r.crowd.people - 1) / r.crowd.people
	life := leastLife + time.Duration(r.crowd.people)*lifeEach
	for i := range alerts {
		key, _, err := p.publish(ctx, alerting.StateArea(crowdState), body(fmt.Sprintf("history-%d", i), alerting.Severe, life))
		if err != nil {
			return err
		}
		if err := p.settled(ctx, key, p.crowd.people); err != nil {
			return err
		}
		r.part(float64(i+1) / float64(alerts+1))
	}
	if err := p.filed(ctx); err != nil {
		return err
	}
	if err := p.pause(ctx, min(cacheLife, time.Duration(r.History)*cacheLifeEach)); err != nil {
		return err
	}
	p.figures["memory_history"] = math.Max(float64(liveHeap())-float64(own), 0) / 1e6
	if err := p.restart(ctx, "restart_filed"); err != nil {
		return err
	}
	return p.measureQueued(ctx)
}

// filed waits until all alerts but one are over, and as many filed as the product files at once.
func (p *product) filed(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, filedWait)
	defer cancel()
	for {
		if board := p.service.Board(); len(board.OpenKeys()) == 1 && len(board.Excess(filing.Most, time.Now())) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the history was not filed: %w", ctx.Err())
		case <-time.After(filedLook):
		}
	}
}

// pause lets some time pass.
func (p *product) pause(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if err := p.wait(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

// measureQueued starts a service on that history, queues as many deliveries as Queued says, over a
// provider that takes next to none, and weighs them.
func (p *product) measureQueued(ctx context.Context) error {
	p.provider.limits = channels.Limits{Rate: 1, Concurrency: 1}
	if err := p.stop(); err != nil {
		return err
	}
	memory := watchMemory()
	defer memory.stop()
	if err := p.restart(ctx, "restart_filed"); err != nil {
		return err
	}
	before := liveHeap()
	alerts := (p.Queued + p.crowd.people - 1) / p.crowd.people
	for i := range alerts {
		key, _, err := p.publish(ctx, alerting.StateArea(crowdState), body(fmt.Sprintf("queued-%d", i), alerting.Minor, time.Hour))
		if err != nil {
			return err
		}
		if err := p.expanded(ctx, key); err != nil {
			return err
		}
	}
	p.figures["memory_peak"] = float64(memory.stop()) / 1e6
	p.figures["memory_queued"] = math.Max(float64(liveHeap())-float64(before), 1) / float64(alerts*p.crowd.people)
	return nil
}

// expanded waits until the board has an alert's manifest.
func (p *product) expanded(ctx context.Context, key alerting.Key) error {
	for {
		updated := p.service.Board().Updated()
		if head, ok := p.service.Board().Head(key); ok && head.Expanded {
			return nil
		}
		if err := p.wait(ctx, updated); err != nil {
			return err
		}
	}
}
