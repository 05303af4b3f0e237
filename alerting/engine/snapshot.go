package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// A StreamCopy describes the copy of one stream.
type StreamCopy struct {
	Name string `json:"name"`
	// Config and State are the server's own words about the stream, as it wants them back. State is
	// from the moment when the copy began.
	Config json.RawMessage `json:"config"`
	State  json.RawMessage `json:"state"`
}

// sources are the streams that the ledger refers to, and what judges them: an alert's key is its
// sequence in ALERTS, a manifest names the directory's revision, a reply its place in INBOUND.
var sources = []string{alertsStream, directoryStream, inboundStream, rejectedStream}

// BackupOrder lists the streams of a backup in the order in which they are to be copied, one whole
// copy after the other, while work goes on: what refers before what it refers to. So everything that
// the backup speaks of is in it, and what is in it besides is work that had come in and was not done.
//
//   - KEEP first. It says how far submissions have been judged: a later word than the ledger's
//     would pass over alerts that the ledger does not have.
//   - Then what is derived from the ledger and names its sequences.
//   - Then the ledger, and last what it refers to.
//
// Leases are left out: who does what on other machines is not worth keeping.
func BackupOrder() []string {
	var derived []string
	for _, config := range streams(1) {
		if config.Name != ledgerStream && !slices.Contains(sources, config.Name) {
			derived = append(derived, config.Name)
		}
	}
	return slices.Concat([]string{bucketStream(keepBucket)}, derived, []string{ledgerStream}, sources)
}

func bucketStream(bucket string) string { return "KV_" + bucket }

const (
	// snapshotSilence is how long the server may say nothing: it waits 5 s for us.
	snapshotSilence = 30 * time.Second
	// snapshotWindow is how many bytes may be on their way at once.
	snapshotWindow = 4 << 20
)

// CopyStream writes a copy of a stream to w, in the server's own form: sequences, times and headers
// are those of the stream. It has at least what was acknowledged before the call. Nobody waits for
// it: writes go on. w must take what comes within seconds, or the server gives up.
//
// It speaks JetStream's API for backups (nats-architecture-and-design, ADR-1 and the server's
// $JS.API.STREAM.SNAPSHOT), which nats.go has no words for.
func (e *Engine) CopyStream(ctx context.Context, stream string, w io.Writer) (StreamCopy, error) {
	copied, err := e.copyStream(ctx, stream, w)
	if err != nil {
		return copied, fmt.Errorf("copy stream %s: %w", stream, err)
	}
	return copied, nil
}

func (e *Engine) copyStream(ctx context.Context, stream string, w io.Writer) (copied StreamCopy, err error) {
	chunks, err := e.conn.SubscribeSync(e.conn.NewInbox())
	if err != nil {
		return copied, err
	}
	defer func() { _ = chunks.Unsubscribe() }() // the connection may have gone
	var answer struct {
		Config, State json.RawMessage
	}
	request := map[string]any{"deliver_subject": chunks.Subject, "no_consumers": true, "window_size": snapshotWindow}
	if err := ask(ctx, e.conn, "$JS.API.STREAM.SNAPSHOT."+stream, request, &answer); err != nil {
		return copied, err
	}
	copied = StreamCopy{Name: stream, Config: answer.Config, State: answer.State}
	for {
		more, err := nextChunk(ctx, chunks, w)
		if err != nil || !more {
			return copied, err
		}
	}
}

// nextChunk writes one piece of a copy, and reports whether more come.
func nextChunk(ctx context.Context, chunks *nats.Subscription, w io.Writer) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotSilence)
	defer cancel()
	msg, err := chunks.NextMsgWithContext(ctx)
	if err != nil {
		return false, fmt.Errorf("the NATS server stopped in the middle: %w", err)
	}
	if len(msg.Data) == 0 {
		if status := msg.Header.Get("Status"); status != "" && status != "204" {
			return false, fmt.Errorf("the NATS server broke off: %s %s", status, msg.Header.Get("Description"))
		}
		return false, nil
	}
	if _, err := w.Write(msg.Data); err != nil {
		return false, err
	}
	if msg.Reply == "" {
		return true, nil
	}
	return true, msg.Respond(nil)
}

// ask makes a call of JetStream's API that nats.go has no method for.
func ask(ctx context.Context, conn *nats.Conn, subject string, request, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, publishPatience)
	defer cancel()
	data, err := json.Marshal(request)
	if err != nil {
		return err
	}
	reply, err := conn.RequestWithContext(ctx, subject, data)
	if err != nil {
		return err
	}
	return readAnswer(reply.Data, answer)
}

// readAnswer reads what JetStream's API answered.
func readAnswer(data []byte, answer any) error {
	var refusal struct {
		Error *jetstream.APIError `json:"error"`
	}
	if err := json.Unmarshal(data, &refusal); err != nil {
		return fmt.Errorf("the NATS server's answer can't be read: %w", err)
	}
	if refusal.Error != nil {
		if strings.Contains(refusal.Error.Description, "in progress") {
			return alerting.Errorf(alerting.CodeConflict, "another backup is under way; wait until it is complete")
		}
		return refusal.Error
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(data, answer)
}
