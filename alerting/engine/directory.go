package engine

import (
	"context"

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
	// MaxChanges is how many changes one commit may hold.
	MaxChanges = maxBatch * changesPerPart
)

// Commit writes changes to the directory: all of them or none. last is the directory's revision
// that they were decided on; alerting.ErrOvertaken means that it has changed since.
func (e *Engine) Commit(ctx context.Context, last uint64, changes []alerting.Change) (revision uint64, err error) {
	if len(changes) > MaxChanges {
		return 0, alerting.Errorf(alerting.CodeOversized, "%d changes at once are more than %d; import in several files", len(changes), MaxChanges)
	}
	parts := make([][]byte, 0, len(changes)/changesPerPart+1)
	total := (len(changes) + changesPerPart - 1) / changesPerPart
	for i := 0; i < len(changes); i += changesPerPart {
		end := min(i+changesPerPart, len(changes))
		data, err := encode(commit{changes[i:end], len(parts), total})
		if err != nil {
			return 0, err
		}
		parts = append(parts, data)
	}
	return e.publishAll(ctx, directorySubject, last, parts)
}

// FollowDirectory calls apply with every commit after the given revision, whole and in order, and
// goes on with new ones until ctx is done. reached is the revision when it began.
func (e *Engine) FollowDirectory(ctx context.Context, after uint64, apply func(revision uint64, changes []alerting.Change)) (reached uint64, err error) {
	var gathered []alerting.Change
	return follow(ctx, e, directoryStream, after, func(m entry) error {
		var c commit
		if err := decode(m.data, &c); err != nil {
			return err
		}
		if c.Part == 0 {
			gathered = nil
		}
		gathered = append(gathered, c.Changes...)
		if c.Part == c.Parts-1 {
			apply(m.sequence, gathered)
			gathered = nil
		}
		return nil
	})
}

// DirectoryRevision is the revision that the directory has reached: who has seen it has seen every
// change that was acknowledged before the call.
func (e *Engine) DirectoryRevision(ctx context.Context) (uint64, error) {
	s, err := e.js.Stream(ctx, directoryStream)
	if err != nil {
		return 0, err
	}
	return s.CachedInfo().State.LastSeq, nil
}
