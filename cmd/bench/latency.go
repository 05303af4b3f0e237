package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// A lone alert is published every spacing, and is over after loneLife: so there are as few open
// alerts at once as on a busy day.
const (
	spacing  = 50 * time.Millisecond
	loneLife = 2 * time.Second
)

// publish publishes as any producer on the network would, and returns the alert's key and when its
// acknowledgement came.
func (p *product) publish(ctx context.Context, area alerting.Area, alert []byte) (alerting.Key, time.Time, error) {
	js, shut, err := p.producer()
	if err != nil {
		return "", time.Time{}, err
	}
	defer shut()
	return publish(ctx, js, area, alert)
}

func (p *product) producer() (js jetstream.JetStream, shut func(), err error) {
	url := p.service.NATSURL()
	if url == "" {
		url = p.NATS
	}
	conn, err := nats.Connect(url)
	if err != nil {
		return nil, nil, fmt.Errorf("connect as a producer: %w", err)
	}
	if js, err = jetstream.New(conn); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return js, conn.Close, nil
}

func publish(ctx context.Context, js jetstream.JetStream, area alerting.Area, alert []byte) (alerting.Key, time.Time, error) {
	ack, err := js.Publish(ctx, area.Subject(), alert)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("publish an alert: %w", err)
	}
	return alerting.KeyOf(ack.Sequence), time.Now(), nil
}

// firstRequests publishes alerts to one person, and returns how long after each acknowledgement the
// provider was called: 0 where it was called before.
func (p *product) firstRequests(ctx context.Context, name string, severity alerting.Severity) ([]time.Duration, error) {
	js, shut, err := p.producer()
	if err != nil {
		return nil, err
	}
	defer shut()
	tick := time.NewTicker(spacing)
	defer tick.Stop()
	took := make([]time.Duration, p.Samples)
	for i := range took {
		key, acknowledged, err := publish(ctx, js, loneTown, body(fmt.Sprintf("%s-%d", name, i), severity, loneLife))
		if err != nil {
			return nil, err
		}
		if err := p.settled(ctx, key, 1); err != nil {
			return nil, err
		}
		first := p.provider.of(key).first
		if first.IsZero() {
			return nil, fmt.Errorf("alert %s (%s) expired after %s before the provider was called", key, name, loneLife)
		}
		took[i] = max(first.Sub(acknowledged), 0)
		p.part(float64(i+1) / float64(len(took)))
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return took, nil
}
