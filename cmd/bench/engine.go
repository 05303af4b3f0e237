package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"revere/alerting"
	"revere/alerting/engine"
)

const (
	largestBatch = 1000
	// A chunk of the bare pipeline names so many attempts.
	attemptsPerChunk = 64
	// attemptsPerWindow are those that a dispatcher puts on record together.
	attemptsPerWindow = 256
)

// The bare engine's streams.
const (
	bareAlerts = "bare.alerts"
	bareTasks  = "bare.tasks"
	bareEvents = "bare.events"
)

// A bareEngine is JetStream and nothing else.
type bareEngine struct {
	js           jetstream.JetStream
	replicas     int
	shut         func()
	chunked, own messages
}

// Messages are what an alert to everyone makes: its manifest, the attempts, the outcomes.
type messages struct{ manifest, attempts, outcomes [][]byte }

// measureEngine writes and reads the messages that the product writes, with no product around them.
func (r *run) measureEngine(ctx context.Context) (err error) {
	site, err := r.newSite(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, site.remove()) }()
	bare, err := startBare(site)
	if err != nil {
		return err
	}
	defer bare.shut()
	if err := bare.compose(r.written.records, r.crowd.people); err != nil {
		return err
	}
	r.written.records = nil // no later step needs them, and what it weighs is not theirs
	if err := r.measureBatches(ctx, bare); err != nil {
		return err
	}
	if err := r.measureBarePipeline(ctx, bare); err != nil {
		return err
	}
	return r.measureBareLatency(ctx, bare)
}

// startBare starts a server with the settings of the product's own, or connects to the cluster.
func startBare(s *site) (*bareEngine, error) {
	url, option, shut := s.url, nats.Name("revere bench"), func() {}
	if url == "" {
		local, err := server.NewServer(&server.Options{JetStream: true, StoreDir: s.dir, SyncAlways: true, DontListen: true, NoSigs: true, NoLog: true})
		if err != nil {
			return nil, err
		}
		local.Start()
		shut = func() { local.Shutdown(); local.WaitForShutdown() }
		url, option = nats.DefaultURL, nats.InProcessServer(local)
	}
	conn, err := nats.Connect(url, option)
	if err != nil {
		shut()
		return nil, fmt.Errorf("connect to the bare engine: %w", err)
	}
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(time.Minute))
	if err != nil {
		conn.Close()
		shut()
		return nil, err
	}
	return &bareEngine{js: js, replicas: s.replicas, shut: func() { conn.Close(); shut() }}, nil
}

// compose makes the messages: in chunks, each a record in CBOR, and as the ledger has them.
func (b *bareEngine) compose(records []alerting.Record, deliveries int) error {
	encoding, err := cbor.EncOptions{Time: cbor.TimeRFC3339Nano}.EncMode()
	if err != nil {
		return err
	}
	chunks := func(records []alerting.Record) (all [][]byte, err error) {
		for _, x := range records {
			data, failed := encoding.Marshal([]alerting.Record{x})
			all, err = append(all, data), errors.Join(err, failed)
		}
		return all, err
	}
	windows := func(records []alerting.Record) (all [][]byte, err error) {
		for _, x := range records {
			data, failed := engine.Pack([]alerting.Record{x})
			all, err = append(all, data...), errors.Join(err, failed)
		}
		return all, err
	}
	key, at := records[0].Alert, records[0].At
	if b.chunked, err = compose(records, steps(key, at, deliveries, attemptsPerChunk), chunks, chunks); err != nil {
		return err
	}
	b.own, err = compose(records, steps(key, at, deliveries, attemptsPerWindow), engine.Pack, windows)
	return err
}

func compose(manifest []alerting.Record, steps [2][]alerting.Record, whole, each func([]alerting.Record) ([][]byte, error)) (m messages, err error) {
	if m.manifest, err = whole(manifest); err != nil {
		return m, err
	}
	if m.attempts, err = each(steps[0]); err != nil {
		return m, err
	}
	m.outcomes, err = each(steps[1])
	return m, err
}

// steps are an attempt and an outcome of each delivery, so many in a record.
func steps(key alerting.Key, at time.Time, deliveries, together int) (all [2][]alerting.Record) {
	for first := 0; first < deliveries; first += together {
		attempts, outcomes := alerting.Record{Alert: key, At: at}, alerting.Record{Alert: key, At: at}
		for i := first; i < min(first+together, deliveries); i++ {
			id := alerting.NewDeliveryID(key, kindName, fmt.Sprint(i))
			attempts.Attempts = append(attempts.Attempts, alerting.Attempt{Delivery: uint32(i), Attempt: 1})
			outcomes.Results = append(outcomes.Results, alerting.Result{Delivery: uint32(i), Attempt: 1, State: alerting.Accepted, ProviderID: "SM" + id.String()})
		}
		all[0], all[1] = append(all[0], attempts), append(all[1], outcomes)
	}
	return all
}

// fresh makes the streams anew.
func (b *bareEngine) fresh(ctx context.Context) error {
	for name, subject := range map[string]string{"BARE_ALERTS": bareAlerts, "BARE_TASKS": bareTasks, "BARE_EVENTS": bareEvents} {
		if err := b.js.DeleteStream(ctx, name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return err
		}
		if _, err := b.js.CreateStream(ctx, jetstream.StreamConfig{Name: name, Subjects: []string{subject}, Replicas: b.replicas, AllowAtomicPublish: true}); err != nil {
			return err
		}
	}
	return nil
}

// batch publishes messages in as few atomic batches as they fit into.
func (b *bareEngine) batch(ctx context.Context, subject string, all [][]byte) error {
	for len(all) > 0 {
		part := all[:min(len(all), largestBatch)]
		all = all[len(part):]
		if len(part) == 1 { // a batch costs more than a message
			if _, err := b.js.Publish(ctx, subject, part[0]); err != nil {
				return err
			}
			continue
		}
		messages := make([]*nats.Msg, len(part))
		for i, data := range part {
			messages[i] = nats.NewMsg(subject)
			messages[i].Data = data
		}
		if _, err := jetstreamext.PublishMsgBatch(ctx, b.js, messages, jetstreamext.BatchFlowControl{AckFirst: true, AckEvery: 100, AckTimeout: time.Minute}); err != nil {
			return err
		}
	}
	return nil
}

// consume reads a stream from its beginning until it has brought n messages.
func (b *bareEngine) consume(ctx context.Context, stream string, n int) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	consumer, err := b.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(2000))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for range n {
		if _, err := messages.Next(jetstream.NextContext(ctx)); err != nil {
			return err
		}
	}
	return nil
}
