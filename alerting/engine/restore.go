package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/synadia-io/orbit.go/jetstreamext"

	"revere/alerting"
)

// restoringStream exists while a restore is under way, or was broken off: nobody works on streams of
// which some are missing.
const restoringStream = "RESTORING"

// refuseHalf tells whether what is there is half of a backup.
func refuseHalf(ctx context.Context, js jetstream.JetStream) error {
	_, err := js.Stream(ctx, restoringStream)
	switch {
	case errors.Is(err, jetstream.ErrStreamNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("look for a restore that was broken off: %w", err)
	}
	return alerting.Errorf(alerting.CodeConflict, "a restore into this account is under way, or was broken off; run `revere restore` again to complete it")
}

// A Restore fills an empty account from a backup. Until it is Finished no service starts on what is
// there; a Restore that was broken off is begun again with a new one.
type Restore struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	replicas int
	log      zerolog.Logger
}

// RestoreEmbedded begins a restore into a server in this process.
func RestoreEmbedded(ctx context.Context, s *Server, log zerolog.Logger) (*Restore, error) {
	return beginRestore(ctx, log, 1, nats.DefaultURL, nats.InProcessServer(s.nats), nats.UserInfo(internalUser, s.door.password))
}

// RestoreCluster begins a restore into a cluster's account. An account that holds anything is
// refused with alerting.CodeConflict.
func RestoreCluster(ctx context.Context, config ClusterConfig, log zerolog.Logger) (*Restore, error) {
	return beginRestore(ctx, log, config.Replicas, config.URL, config.options()...)
}

func beginRestore(ctx context.Context, log zerolog.Logger, replicas int, url string, options ...nats.Option) (*Restore, error) {
	conn, js, err := dial(log, url, options...)
	if err != nil {
		return nil, err
	}
	r := &Restore{conn: conn, js: js, replicas: replicas, log: log}
	if err := r.begin(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return r, nil
}

// begin marks an empty account. What a restore before has left behind is removed.
func (r *Restore) begin(ctx context.Context) error {
	names, err := r.streams(ctx)
	if err != nil {
		return err
	}
	if slices.Contains(names, restoringStream) {
		r.log.Warn().Strs("streams", names).Msg("removing what a restore that was broken off has left behind")
		return r.removeAll(ctx, names)
	}
	if len(names) > 0 {
		return alerting.Errorf(alerting.CodeConflict, "the NATS account is not empty: it has the streams %s; restore into an account of its own, or remove them first", strings.Join(names, ", "))
	}
	_, err = r.js.CreateStream(ctx, jetstream.StreamConfig{
		Name: restoringStream, Description: "a restore is under way", Subjects: []string{"restoring"}, Replicas: r.replicas, Storage: jetstream.FileStorage,
	})
	return err
}

func (r *Restore) streams(ctx context.Context) (names []string, err error) {
	list := r.js.StreamNames(ctx)
	for name := range list.Name() {
		names = append(names, name)
	}
	slices.Sort(names)
	if err := list.Err(); err != nil {
		return nil, fmt.Errorf("list the streams of the account: %w", err)
	}
	return names, nil
}

// removeAll removes streams, but for the mark.
func (r *Restore) removeAll(ctx context.Context, names []string) error {
	for _, name := range names {
		if name == restoringStream {
			continue
		}
		if err := r.js.DeleteStream(ctx, name); err != nil && !errors.Is(err, jetstream.ErrStreamNotFound) {
			return fmt.Errorf("remove stream %s: %w", name, err)
		}
	}
	return nil
}

// restoreTime is how long the server may take to read a stream that it has been sent.
const restoreTime = 10 * time.Minute

// restoreChunk is how many bytes are sent at once. The server gives up on a chunk that it has not
// unpacked and stored within 5 s, and what compresses well grows a hundredfold.
const restoreChunk = 64 << 10

// Stream makes a stream from its copy, with the same sequences, times and headers.
func (r *Restore) Stream(ctx context.Context, copied StreamCopy, data io.Reader) error {
	if err := r.stream(ctx, copied, data); err != nil {
		return fmt.Errorf("restore stream %s: %w", copied.Name, err)
	}
	return nil
}

func (r *Restore) stream(ctx context.Context, copied StreamCopy, data io.Reader) error {
	config, err := placed(copied.Config, r.replicas)
	if err != nil {
		return err
	}
	var to struct {
		Subject string `json:"deliver_subject"`
	}
	request := map[string]any{"config": config, "state": copied.State}
	if err := ask(ctx, r.conn, "$JS.API.STREAM.RESTORE."+copied.Name, request, &to); err != nil {
		return err
	}
	chunk := make([]byte, restoreChunk)
	for {
		n, err := io.ReadFull(data, chunk)
		if n > 0 {
			if err := r.send(ctx, to.Subject, chunk[:n], nil); err != nil {
				return err
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return r.complete(ctx, copied, to.Subject)
		default:
			return err
		}
	}
}

// complete says that all of a stream was sent, and holds what the server made of it against the copy.
func (r *Restore) complete(ctx context.Context, copied StreamCopy, subject string) error {
	var made jetstream.StreamInfo
	if err := r.send(ctx, subject, nil, &made); err != nil {
		return err
	}
	var before jetstream.StreamState
	if err := json.Unmarshal(copied.State, &before); err != nil {
		return fmt.Errorf("its state can't be read: %w", err)
	}
	// Where nothing goes by age all of it must be there; else at least the place where it goes on.
	lasting := made.Config.MaxAge == 0 && !made.Config.AllowMsgTTL && made.Config.MaxMsgsPerSubject <= 0
	if made.State.LastSeq < before.LastSeq || lasting && made.State.Msgs < before.Msgs {
		return fmt.Errorf("the server has %d messages up to %d of it, and the backup %d up to %d", made.State.Msgs, made.State.LastSeq, before.Msgs, before.LastSeq)
	}
	return nil
}

// send sends a piece of a copy. The server answers nothing to it, or why it takes no more; to the
// empty piece at the end, what it has made.
func (r *Restore) send(ctx context.Context, subject string, chunk []byte, made *jetstream.StreamInfo) error {
	ctx, cancel := context.WithTimeout(ctx, restoreTime)
	defer cancel()
	reply, err := r.conn.RequestWithContext(ctx, subject, chunk)
	switch {
	case err != nil:
		return fmt.Errorf("the NATS server stopped in the middle: %w", err)
	case made != nil:
		return readAnswer(reply.Data, made)
	case len(reply.Data) > 0:
		return readAnswer(reply.Data, nil)
	}
	return nil
}

// placed is a stream's configuration for where it goes: with so many copies, on any servers.
func placed(config json.RawMessage, replicas int) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(config, &fields); err != nil {
		return nil, fmt.Errorf("its configuration can't be read: %w", err)
	}
	delete(fields, "placement")
	number, err := json.Marshal(replicas)
	fields["num_replicas"] = number
	return fields, err
}

// skippedKeys is how many alerts the system before may have taken after the backup was made. Their
// keys are not given again: receipts, links and answers that name one would count for another alert.
const skippedKeys = 10_000

// Finish holds all sending, adds changes to the directory, and lets services start.
func (r *Restore) Finish(ctx context.Context, hold alerting.Hold, changes ...alerting.Change) error {
	if err := r.skipKeys(ctx, skippedKeys); err != nil {
		return fmt.Errorf("keep the keys of alerts apart: %w", err)
	}
	if err := r.hold(ctx, hold); err != nil {
		return err
	}
	restored := &Engine{conn: r.conn, inboxes: r.conn, js: r.js, log: r.log}
	revision, err := restored.DirectoryRevision(ctx)
	if err != nil {
		return err
	}
	if _, err := restored.Commit(ctx, revision, changes); err != nil {
		return err
	}
	return r.js.DeleteStream(ctx, restoringStream)
}

// hold has services send nothing. What was held when it was backed up knew no more than its own backup.
func (r *Restore) hold(ctx context.Context, hold alerting.Hold) error {
	keep, err := r.js.KeyValue(ctx, keepBucket)
	if err != nil {
		return err
	}
	before, err := readHold(ctx, keep)
	if err != nil {
		return err
	}
	if before.Held() {
		hold.Backup = before.Backup
	}
	data, err := json.Marshal(hold)
	if err != nil {
		return err
	}
	if _, err := keep.Put(ctx, holdKey, data); err != nil {
		return fmt.Errorf("hold what would be sent: %w", err)
	}
	return nil
}

// skipKeys has the ALERTS stream go on n sequences later. A stream gives sequences only to messages:
// so many are stored, in batches, and removed again.
func (r *Restore) skipKeys(ctx context.Context, n int) error {
	const subject = alerting.SubjectPrefix + "restored"
	stream, err := r.js.Stream(ctx, alertsStream)
	if err != nil {
		return err
	}
	usual := stream.CachedInfo().Config
	batched := usual
	batched.AllowAtomicPublish = true
	if _, err := r.js.UpdateStream(ctx, batched); err != nil {
		return err
	}
	for skipped := 0; skipped < n; skipped += maxBatch {
		batch := make([]*nats.Msg, min(maxBatch, n-skipped))
		for i := range batch {
			batch[i] = nats.NewMsg(subject)
		}
		if _, err := jetstreamext.PublishMsgBatch(ctx, r.js, batch, jetstreamext.BatchFlowControl{AckFirst: true, AckEvery: 100, AckTimeout: publishPatience}); err != nil {
			return err
		}
	}
	if err := stream.Purge(ctx, jetstream.WithPurgeSubject(subject)); err != nil {
		return err
	}
	_, err = r.js.UpdateStream(ctx, usual)
	return err
}

// Abort removes what was restored, and closes. Where that fails the account stays marked: no service
// starts on it, and the next restore removes the rest.
func (r *Restore) Abort(ctx context.Context) error {
	defer r.Close()
	names, err := r.streams(ctx)
	if err != nil {
		return err
	}
	if err := r.removeAll(ctx, names); err != nil {
		return err
	}
	return r.js.DeleteStream(ctx, restoringStream)
}

// Close ends the connection.
func (r *Restore) Close() { r.conn.Close() }
