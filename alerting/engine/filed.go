package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
)

// What is filed is derived from the ledger, and could be made again from it.
const (
	filedSubjects     = "filed.>"
	filedAlerts       = "filed.alert."
	checkpointSubject = "filed.checkpoint"
)

// File makes a filed alert durable, unless what is stored knows as much of it already.
func (e *Engine) File(ctx context.Context, f alerting.Filed) error {
	subject := filedAlerts + string(f.Key)
	last, stored, err := e.lastFiled(ctx, subject)
	if err != nil || stored.Latest >= f.Latest {
		return err
	}
	data, err := encode(&f)
	if err != nil {
		return err
	}
	_, err = e.publish(ctx, subject, last, data)
	return err
}

func (e *Engine) lastFiled(ctx context.Context, subject string) (sequence uint64, f alerting.Filed, err error) {
	stream, err := e.js.Stream(ctx, filedStream)
	if err != nil {
		return 0, f, err
	}
	kept, err := stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, f, nil
	}
	if err != nil {
		return 0, f, err
	}
	return kept.Sequence, f, decode(kept.Data, &f)
}

// KeepCheckpoint makes a checkpoint durable. Everything that it takes for filed is.
func (e *Engine) KeepCheckpoint(ctx context.Context, c alerting.Checkpoint) error {
	data, err := encode(&c)
	if err != nil {
		return err
	}
	_, err = e.publish(ctx, checkpointSubject, Anywhere, data)
	return err
}

// Filed returns what is filed, with the newest checkpoint. Without one it is empty, and all of the
// ledger is to be read.
func (e *Engine) Filed(ctx context.Context) (all []alerting.Filed, c alerting.Checkpoint, reached uint64, err error) {
	end, err := e.end(ctx, filedStream)
	if err != nil || end == 0 {
		return nil, c, 0, err
	}
	readable := true
	err = e.read(ctx, filedStream, "", 1, end, func(m entry) (more bool) {
		var f alerting.Filed
		var err error
		if m.subject == checkpointSubject {
			err = decode(m.data, &c)
		} else if err = decode(m.data, &f); err == nil {
			f.Opened.Alert = f.Opened.Alert.Brief() // the board keeps no more, and there may be many
			all = append(all, f)
		}
		if err != nil {
			readable = false
			e.log.Error().Err(err).Str("subject", m.subject).Msg("what is filed can't be read; the whole ledger is read instead")
		}
		return true
	})
	if !readable { // it is derived from the ledger
		return nil, alerting.Checkpoint{}, end, err
	}
	return all, c, end, err
}

// FollowFiled calls apply with every alert that is filed after the given sequence, until ctx is done.
func (e *Engine) FollowFiled(ctx context.Context, after uint64, apply func(alerting.Filed)) error {
	_, err := e.follow(ctx, filedStream, after, func(m entry) error {
		if !strings.HasPrefix(m.subject, filedAlerts) {
			return nil
		}
		var f alerting.Filed
		if err := decode(m.data, &f); err != nil {
			return err
		}
		apply(f)
		return nil
	})
	return err
}

// An Archive reads the ledger again. It implements tracking.Archive.
type Archive struct {
	Context context.Context // ends what is being read
	Engine  *Engine
}

// Records implements tracking.Archive.
func (a Archive) Records(alert alerting.Key, first, last uint64, visit func(uint64, *alerting.Record)) error {
	return a.Engine.read(a.Context, ledgerStream, "", first, last, func(m entry) (more bool) {
		records, err := decodeRecords(m.data)
		if err != nil {
			return true // the board passed it over too
		}
		for i := range records {
			if records[i].Alert == alert {
				visit(m.sequence, &records[i])
			}
		}
		return true
	})
}

// WrittenOn implements tracking.Archive.
func (a Archive) WrittenOn(subject string, first, last uint64, visit func(uint64, []alerting.Record) bool) error {
	return a.Engine.read(a.Context, ledgerStream, subject, first, last, func(m entry) (more bool) {
		records, err := decodeRecords(m.data)
		if err != nil {
			records = nil // the board passed it over too
		}
		return visit(m.sequence, records)
	})
}

// readPatience is how long the next message is waited for that should be there. After that, what was stored
// is gone, or nobody can hand it out now.
const readPatience = time.Minute

// read calls visit with a stream's messages between two sequences, both included, in order, until it wants no
// more: those on one subject, or all where that is "".
func (e *Engine) read(ctx context.Context, stream, subject string, first, last uint64, visit func(entry) (more bool)) error {
	if first > last {
		return nil
	}
	s := &source{engine: e, stream: stream, subject: subject, next: first}
	defer s.stop()
	for {
		msg, meta, err := s.takeWithin(ctx, readPatience)
		if err != nil {
			return fmt.Errorf("read %s from %d: %w", stream, s.next, err)
		}
		sequence := meta.Sequence.Stream
		if sequence <= last && !visit(entry{sequence, msg.Subject(), msg.Data()}) || sequence >= last {
			return nil
		}
	}
}
