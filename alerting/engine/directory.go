package engine

import (
	"context"
	"fmt"

	"revere/alerting"
)

const directorySubject = "directory.changes"

// A commit is one part of a set of changes that became true together.
type commit struct {
	Changes []alerting.Change `cbor:"1,keyasint"`
	Part    int               `cbor:"2,keyasint"`
	Parts   int               `cbor:"3,keyasint"`
}

const (
	changesPerPart = 500
	maxChangeBytes = MaxPayload - 4096
)

// Commit writes changes to the directory: all of them or none. last is the directory's revision
// that they were decided on; alerting.ErrOvertaken means that it has changed since. Without changes
// it writes nothing and returns last.
func (e *Engine) Commit(ctx context.Context, last uint64, changes []alerting.Change) (revision uint64, err error) {
	if len(changes) == 0 {
		return last, nil
	}
	sets, err := split(changes)
	if err != nil {
		return 0, err
	}
	parts := make([][]byte, len(sets))
	for i, set := range sets {
		if parts[i], err = encode(commit{set, i, len(sets)}); err != nil {
			return 0, err
		}
	}
	return e.publishAll(ctx, directorySubject, last, given(parts...))
}

// split cuts changes into sets that a message holds each: a state's table of areas is a change as
// a subscriber is, and a thousand times as large.
func split(changes []alerting.Change) (sets [][]alerting.Change, err error) {
	begin, size := 0, 0
	for i, c := range changes {
		bytes := len(c.Kind) + len(c.ID) + len(c.Value)
		if bytes > maxChangeBytes {
			return nil, alerting.Errorf(alerting.CodeOversized, "%s %q takes %d bytes, more than the %d that one entry of the directory may have", c.Kind, c.ID, bytes, maxChangeBytes)
		}
		if i > begin && (i-begin == changesPerPart || size+bytes > recordBytes) {
			sets = append(sets, changes[begin:i])
			begin, size = i, 0
		}
		size += bytes
	}
	sets = append(sets, changes[begin:])
	if len(sets) > maxBatch {
		return nil, alerting.Errorf(alerting.CodeOversized, "%d changes at once are too many (%d messages, at most %d); import in several files", len(changes), len(sets), maxBatch)
	}
	return sets, nil
}

// FollowDirectory calls apply with every commit after the given revision, whole and in order, and
// goes on with new ones until ctx is done. One that can't be read comes without changes. reached is the revision when it began.
func (e *Engine) FollowDirectory(ctx context.Context, after uint64, apply func(revision uint64, changes []alerting.Change)) (reached uint64, err error) {
	var gathered []alerting.Change
	next := 0 // the part that must come; a commit with a hole is no commit
	return e.follow(ctx, directoryStream, after, func(m entry) error {
		var c commit
		if err := decode(m.data, &c); err != nil {
			next = -1
			apply(m.sequence, nil) // who waits for this revision must not wait for ever
			return err
		}
		if c.Part == 0 {
			gathered, next = nil, 0
		}
		if c.Part != next {
			apply(m.sequence, nil)
			return fmt.Errorf("part %d of a commit stands where part %d belongs", c.Part, next)
		}
		next++
		gathered = append(gathered, c.Changes...)
		if c.Part == c.Parts-1 {
			whole := gathered
			gathered = nil
			if err := applied(func() { apply(m.sequence, whole) }); err != nil {
				apply(m.sequence, nil)
				return err
			}
		}
		return nil
	})
}

// DirectoryRevision is the revision that the directory has reached: who has seen it has seen every
// change that was acknowledged before the call.
func (e *Engine) DirectoryRevision(ctx context.Context) (uint64, error) {
	return e.end(ctx, directoryStream)
}
