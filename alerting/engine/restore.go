package engine

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"revere/alerting/faults"
)

// A Restore fills an empty account from a backup. Until it is Finished no service starts on what is
// there; a Restore that was broken off is begun again with a new one.
type Restore struct {
	conn     *nats.Conn
	js       jetstream.JetStream
	replicas int
	log      zerolog.Logger
	id       string       // tells this restore's mark from that of another
	copies   []StreamCopy // of the streams that were made
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
	r := &Restore{conn: conn, js: js, replicas: replicas, log: log, id: rand.Text()}
	if err := r.begin(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return r, nil
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
	r.copies = append(r.copies, copied)
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
	err = untilPlaced(ctx, func() error { return ask(ctx, r.conn, "$JS.API.STREAM.RESTORE."+copied.Name, request, &to) })
	if unanswered(err) {
		return fmt.Errorf("no NATS server takes it, are most of them well? (%w)", err)
	} else if err != nil {
		return err
	}
	chunk := make([]byte, restoreChunk)
	for {
		n, err := io.ReadFull(data, chunk)
		if n > 0 {
			if err := r.send(ctx, to.Subject, chunk[:n], nil); err != nil {
				return err
			}
			faults.Reach(faults.MidRestore)
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
	return copied.missing(&made)
}

// missing says what a stream lacks of its copy.
func (c StreamCopy) missing(made *jetstream.StreamInfo) error {
	var before jetstream.StreamState
	if err := json.Unmarshal(c.State, &before); err != nil {
		return fmt.Errorf("its state can't be read: %w", err)
	}
	// Where nothing goes by age all of it must be there; else at least the place where it goes on.
	lasting := made.Config.MaxAge == 0 && !made.Config.AllowMsgTTL && made.Config.MaxMsgsPerSubject <= 0
	if made.State.LastSeq < before.LastSeq || lasting && made.State.Msgs < before.Msgs {
		return fmt.Errorf("the server has %d messages up to %d of it, and the backup %d up to %d", made.State.Msgs, made.State.LastSeq, before.Msgs, before.LastSeq)
	}
	return nil
}

// patienceForChunk is how long the server waits for the next piece of a copy before it gives up.
const patienceForChunk = 5 * time.Second

// send sends a piece of a copy. The server answers nothing to it, or why it takes no more; to the
// empty piece at the end, what it has made.
func (r *Restore) send(ctx context.Context, subject string, chunk []byte, made *jetstream.StreamInfo) error {
	ctx, cancel := context.WithTimeout(ctx, restoreTime)
	defer cancel()
	reply, err := r.deliver(ctx, subject, chunk)
	switch {
	case err != nil:
		return fmt.Errorf("the NATS server that takes it was lost or gave up in the middle: %w", err)
	case made != nil:
		return readAnswer(reply.Data, made)
	case len(reply.Data) > 0:
		return readAnswer(reply.Data, nil)
	}
	return nil
}

// deliver hands a piece to the server that takes the copy. In a cluster that need not be the one which we
// are connected to, and that one may hear of the subject later than we do: then nobody has got the piece.
func (r *Restore) deliver(ctx context.Context, subject string, chunk []byte) (*nats.Msg, error) {
	for began := time.Now(); ; {
		reply, err := r.conn.RequestWithContext(ctx, subject, chunk)
		if !errors.Is(err, nats.ErrNoResponders) || time.Since(began) > patienceForChunk || !pause(ctx, chunkWait) {
			return reply, err
		}
	}
}

// chunkWait is the pause before a piece that nobody has got is sent again.
const chunkWait = 20 * time.Millisecond

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

// Close ends the connection.
func (r *Restore) Close() { r.conn.Close() }
