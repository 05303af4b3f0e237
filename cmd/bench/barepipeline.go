package bench

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"
)

// engineRounds is how often each rate of the bare engine is measured.
const engineRounds = 5

// measureBatches measures writing the messages and reading them back.
func (r *run) measureBatches(ctx context.Context, b *bareEngine) error {
	var manifests, attempts, reads []time.Duration
	for range engineRounds {
		if err := b.fresh(ctx); err != nil {
			return err
		}
		for _, x := range []struct {
			took *[]time.Duration
			do   func() error
		}{
			{&manifests, func() error { return b.batch(ctx, bareTasks, b.chunked.manifest) }},
			{&attempts, func() error { return b.batch(ctx, bareEvents, b.chunked.attempts) }},
			{&reads, func() error { return b.consume(ctx, "BARE_TASKS", len(b.chunked.manifest)) }},
		} {
			start := time.Now()
			if err := x.do(); err != nil {
				return err
			}
			*x.took = append(*x.took, time.Since(start))
		}
	}
	r.figures["engine_manifest"] = rate(r.crowd.people, median(manifests))
	r.figures["engine_attempts"] = rate(r.crowd.people, median(attempts))
	r.figures["engine_consume"] = rate(r.crowd.people, median(reads))
	return nil
}

// measureBarePipeline measures the same steps as the product's, with nothing decided in them: in chunks, and
// with the very messages that the product writes, which are fewer and smaller.
func (r *run) measureBarePipeline(ctx context.Context, b *bareEngine) error {
	var routes, chunked, own []time.Duration
	for i := range engineRounds {
		_, whole, err := b.pipeline(ctx, b.chunked)
		if err != nil {
			return err
		}
		chunked = append(chunked, whole)
		route, whole, err := b.pipeline(ctx, b.own)
		if err != nil {
			return err
		}
		routes, own = append(routes, route), append(own, whole)
		r.part(float64(i+1) / engineRounds)
	}
	r.figures["engine_route"] = rate(r.crowd.people, median(routes))
	r.figures["engine_pipeline"] = rate(r.crowd.people, median(chunked))
	r.figures["engine_pipeline_own"] = rate(r.crowd.people, median(own))
	return nil
}

// pipeline takes one alert through: alert → manifest in one batch → consumed; attempts of all that
// came, durable; outcomes of them, durable; acknowledged → read back. route is the time until the
// manifest is durable.
func (b *bareEngine) pipeline(ctx context.Context, m messages) (route, whole time.Duration, err error) {
	if err := b.fresh(ctx); err != nil {
		return 0, 0, err
	}
	alerts, err := b.consumer(ctx, "BARE_ALERTS")
	if err != nil {
		return 0, 0, err
	}
	tasks, err := b.consumer(ctx, "BARE_TASKS")
	if err != nil {
		return 0, 0, err
	}
	work, ctx := errgroup.WithContext(ctx)
	var acknowledged, routed time.Time
	published := make(chan struct{})
	work.Go(func() error {
		defer close(published)
		_, err := b.js.Publish(ctx, bareAlerts, []byte("an alert"))
		acknowledged = time.Now()
		return err
	})
	work.Go(func() error {
		_, err := take(ctx, alerts, 1)
		if err == nil {
			err = b.batch(ctx, bareTasks, m.manifest)
		}
		routed = time.Now()
		return err
	})
	work.Go(func() error { return b.work(ctx, tasks, m) })
	work.Go(func() error { return b.consume(ctx, "BARE_EVENTS", len(m.attempts)+len(m.outcomes)) })
	if err := work.Wait(); err != nil {
		return 0, 0, err
	}
	return routed.Sub(acknowledged), time.Since(acknowledged), nil
}

// work records the attempts and the outcomes of the tasks that come, all that wait at once.
func (b *bareEngine) work(ctx context.Context, tasks jetstream.Consumer, m messages) error {
	for done, written := 0, 0; done < len(m.manifest); {
		n, err := take(ctx, tasks, min(len(m.manifest)-done, 64))
		if err != nil {
			return err
		}
		done += n
		upTo := len(m.attempts) * done / len(m.manifest)
		if err := b.batch(ctx, bareEvents, m.attempts[written:upTo]); err != nil {
			return err
		}
		if err := b.batch(ctx, bareEvents, m.outcomes[written:upTo]); err != nil {
			return err
		}
		written = upTo
	}
	return nil
}

func (b *bareEngine) consumer(ctx context.Context, stream string) (jetstream.Consumer, error) {
	return b.js.CreateConsumer(ctx, stream, jetstream.ConsumerConfig{Durable: "bare", AckPolicy: jetstream.AckExplicitPolicy})
}

// take waits for up to most messages and acknowledges them. It returns with what there is when some
// have come.
func take(ctx context.Context, c jetstream.Consumer, most int) (n int, err error) {
	first, err := c.Fetch(1, jetstream.FetchContext(ctx))
	if err != nil {
		return 0, err
	}
	batches := []jetstream.MessageBatch{first}
	for i := 0; i < len(batches); i++ {
		for message := range batches[i].Messages() {
			n++
			if err := message.Ack(); err != nil {
				return n, err
			}
		}
		if err := batches[i].Error(); err != nil {
			return n, err
		}
		if i == 0 && most > 1 {
			more, err := c.FetchNoWait(most - 1)
			if err != nil {
				return n, err
			}
			batches = append(batches, more)
		}
	}
	return n, nil
}

// measureBareLatency measures an alert on its shortest way: from its acknowledgement until one task
// and then one attempt are durable.
func (r *run) measureBareLatency(ctx context.Context, b *bareEngine) error {
	if err := b.fresh(ctx); err != nil {
		return err
	}
	alerts, err := b.js.OrderedConsumer(ctx, "BARE_ALERTS", jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	messages, err := alerts.Messages()
	if err != nil {
		return err
	}
	defer messages.Stop()
	took := make([]time.Duration, r.Samples)
	for i := range took {
		if took[i], err = b.once(ctx, messages); err != nil {
			return err
		}
	}
	r.figures["engine_latency_p50"] = milliseconds(quantile(took, 0.5))
	r.figures["engine_latency_p99"] = milliseconds(quantile(took, 0.99))
	return nil
}

func (b *bareEngine) once(ctx context.Context, alerts jetstream.MessagesContext) (time.Duration, error) {
	acknowledged := make(chan time.Time, 1)
	failed := make(chan error, 1)
	go func() {
		_, err := b.js.Publish(ctx, bareAlerts, []byte("an alert"))
		acknowledged <- time.Now()
		failed <- err
	}()
	if _, err := alerts.Next(jetstream.NextContext(ctx)); err != nil {
		return 0, err
	}
	for _, x := range []struct {
		subject string
		data    []byte
	}{{bareTasks, b.chunked.manifest[0][:min(len(b.chunked.manifest[0]), 1024)]}, {bareEvents, []byte("an attempt")}} {
		if _, err := b.js.Publish(ctx, x.subject, x.data); err != nil {
			return 0, err
		}
	}
	done := time.Now()
	return done.Sub(<-acknowledged), <-failed
}
