package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"revere/alerting"
	"revere/channels"
	"revere/cmd/service"
)

// How the channel of the pipeline's figure may be used: as hard as the dispatcher can.
const (
	pipelineConcurrency = 1024
	backlogConcurrency  = 128
	unlimited           = 1e9 // messages a second
)

// A product is a service under measurement.
type product struct {
	*run
	site     *site
	provider *provider
	service  *service.Service // nil while it is stopped
}

// measureProduct measures the service as it is run: restarts, a lone alert, alerts to everyone, and
// an urgent alert behind a backlog.
func (r *run) measureProduct(ctx context.Context) (err error) {
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
	if err := p.restart(ctx, "restart_directory"); err != nil {
		return err
	}
	idle, err := p.firstRequests(ctx, "idle", alerting.Severe)
	if err != nil {
		return err
	}
	r.latencies("idle", idle)
	if err := p.measurePipeline(ctx, 1); err != nil {
		return err
	}

	p.provider.limits = channels.Limits{Rate: r.ChannelRate, Concurrency: backlogConcurrency}
	if r.ChannelRate == 0 {
		p.provider.limits.Rate = unlimited
	}
	p.provider.latency = r.ChannelLatency
	if err := p.restart(ctx, "restart_history"); err != nil {
		return err
	}
	if err := p.measureBacklog(ctx); err != nil {
		return err
	}
	return nil
}

// install makes the site hold the directory, before any service runs on it.
func (p *product) install(ctx context.Context) (err error) {
	e, shut, err := p.site.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, shut()) }()
	ctx, done := context.WithCancel(ctx)
	defer done()
	_, _, err = p.populate(ctx, e)
	return err
}

// restart ends the service, starts it again on what is durable, and notes how long it took until it
// was ready.
func (p *product) restart(ctx context.Context, figure string) error {
	if err := p.stop(); err != nil {
		return err
	}
	kinds := []channels.Kind{p.provider.kind()}
	c, err := p.site.config(kinds)
	if err != nil {
		return err
	}
	start := time.Now()
	if p.service, err = service.Start(ctx, service.Options{Config: c, Kinds: kinds, Log: p.Log, Version: "bench"}); err != nil {
		p.service = nil
		return err
	}
	p.figures[figure] = time.Since(start).Seconds()
	return nil
}

func (p *product) stop() error {
	if p.service == nil {
		return nil
	}
	err := p.service.Stop()
	p.service = nil
	return err
}

// measurePipeline sends alerts to everyone, one after the other, so many for each sample. An alert's time runs
// from its publish acknowledgement until every delivery's outcome can be asked for.
func (p *product) measurePipeline(ctx context.Context, each int) error {
	rates, processor := make([]float64, p.Alerts), make([]float64, p.Alerts)
	for i := range p.Alerts {
		cpu, took := processorTime(), time.Duration(0)
		for j := range each {
			key, start, err := p.publish(ctx, alerting.StateArea(crowdState), body(fmt.Sprintf("pipeline-%d-%d", i, j), alerting.Severe, time.Hour))
			if err != nil {
				return err
			}
			if err := p.settled(ctx, key, p.crowd.people); err != nil {
				return err
			}
			took += time.Since(start)
		}
		rates[i] = rate(each*p.crowd.people, took)
		processor[i] = (processorTime() - cpu).Seconds() * 1e6 / float64(each*p.crowd.people)
	}
	p.figures["pipeline"] = median(rates)
	p.figures["pipeline_cpu"] = median(processor)
	return nil
}

// settled waits until the board shows an outcome for each of an alert's deliveries.
func (p *product) settled(ctx context.Context, key alerting.Key, deliveries int) error {
	board := p.service.Board()
	for next := uint32(0); ; {
		updated := board.Updated()
		for int(next) < deliveries && board.State(key, next).Final() {
			next++
		}
		if int(next) == deliveries {
			return nil
		}
		p.part(float64(next) / float64(deliveries))
		if err := p.wait(ctx, updated); err != nil {
			return err
		}
	}
}

// wait waits for something, unless the run or the service ends before.
func (p *product) wait(ctx context.Context, something <-chan struct{}) error {
	select {
	case <-something:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.service.Done():
		return errors.New("the service stopped by itself; its log says why")
	}
}

// measureBacklog queues a minor alert to everyone, and sends extreme ones while it waits.
func (p *product) measureBacklog(ctx context.Context) error {
	key, _, err := p.publish(ctx, alerting.StateArea(crowdState), body("backlog", alerting.Minor, time.Hour))
	if err != nil {
		return err
	}
	if err := p.wait(ctx, p.provider.of(key).begun); err != nil {
		return err
	}
	took, err := p.firstRequests(ctx, "backlog", alerting.Extreme)
	if err != nil {
		return err
	}
	p.latencies("backlog", took)
	for _, n := range p.service.Board().Backlog(kindName) {
		p.figures["backlog_left"] += float64(n)
	}
	return p.measureBreadth(ctx, key)
}

// breadthPatience is how long all towns may take to hear of an alert that is queued.
const breadthPatience = time.Minute

// measureBreadth waits until an alert has reached every town, and notes how many messages that took.
func (p *product) measureBreadth(ctx context.Context, key alerting.Key) error {
	ctx, cancel := context.WithTimeout(ctx, breadthPatience)
	defer cancel()
	for p.provider.breadthOf(key) == 0 {
		if err := p.wait(ctx, p.service.Board().Updated()); err != nil {
			return fmt.Errorf("wait until every town has heard: %w", err)
		}
	}
	p.figures["breadth"] = float64(p.crowd.areas) / float64(p.provider.breadthOf(key))
	return nil
}
