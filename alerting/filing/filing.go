// Package filing puts alerts away that are over: what is left of them in memory is a line, and a
// process that starts does not read their part of the ledger. Whoever asks for one has it read again.
package filing

import (
	"context"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/tracking"
)

// After is how long nothing must have been heard of an alert that is over before it is filed: people
// answer on the morning after, and it saves reading the alert again for them.
const After = 48 * time.Hour

// Most is how many deliveries all alerts may hold in memory while there are some to file: beyond it those that are
// over and longest quiet are filed early, down to a tenth of it. 250,000 that are over take about 70 MB. More would not
// leave room, within 600 MB, for a million that are queued.
const Most = 250_000

// Rest is how long an alert that was read again stays in memory at least: it is not filed early sooner.
const Rest = 10 * time.Minute

// A Store keeps what is filed.
type Store interface {
	// File makes a filed alert durable, unless what is stored knows as much of it already.
	File(context.Context, alerting.Filed) error
	// KeepCheckpoint makes durable where a process may begin to read, given all that was filed before.
	KeepCheckpoint(context.Context, alerting.Checkpoint) error
}

// A Board is what there is to file.
type Board interface {
	Fileable(since time.Time, limit int) []alerting.Filed
	FileableForRoom(since time.Time, limit int) []alerting.Filed
	Excess(most int, recalledSince time.Time) []alerting.Key
	ToFile([]alerting.Key) []alerting.Filed
	File(alerting.Filed) (filed bool)
	Checkpoint() alerting.Checkpoint
}

var _ Board = (*tracking.Board)(nil)

// A Clerk files alerts. One process at a time has one.
type Clerk struct {
	Board Board
	Store Store
	// After is how long an alert must have been quiet; 0 for the package's After.
	After time.Duration
	// Crowded reports whether what is not filed takes so much memory by what it says that new alerts may soon have
	// to wait for room. Alerts are then filed as soon as nothing was heard of them for a minute, the oldest first.
	// Nil: never.
	Crowded func() bool
	// Most is how many deliveries all alerts may hold in memory while some can be filed; 0 for the package's Most.
	Most int
	Now  func() time.Time
	Log  zerolog.Logger
}

// afterCrowded is how long an alert must have been quiet where memory is short.
const afterCrowded = time.Minute

const (
	longestRound  = 5 * time.Second // to look is a pass over the alerts that are listed
	shortestRound = 50 * time.Millisecond
	// excessLook is how often it is looked whether too much is in memory: a second brings some 100,000 deliveries.
	excessLook = time.Second
	batch      = 100
)

// Run files what can be until ctx is done. What can't be stored now is filed later: nothing depends
// on it.
func (c *Clerk) Run(ctx context.Context) {
	if c.After == 0 {
		c.After = After
	}
	if c.Most == 0 {
		c.Most = Most
	}
	quiet := time.NewTicker(min(max(c.After/10, shortestRound), longestRound))
	defer quiet.Stop()
	excess := time.NewTicker(excessLook)
	defer excess.Stop()
	c.try(ctx, c.fileQuiet)
	for {
		c.try(ctx, c.fileExcess)
		select {
		case <-ctx.Done():
			return
		case <-quiet.C:
			c.try(ctx, c.fileQuiet)
		case <-excess.C:
		}
	}
}

// fileQuiet files what was quiet for long enough, and where texts take much memory what was for a minute, until
// they don't.
func (c *Clerk) fileQuiet(ctx context.Context) error {
	always := func() bool { return true }
	if err := c.fileAll(ctx, c.After, c.Board.Fileable, always); err != nil || c.Crowded == nil {
		return err
	}
	return c.fileAll(ctx, min(c.After, afterCrowded), c.Board.FileableForRoom, c.Crowded)
}

// fileAll goes on while it is wanted, and until nothing more can be filed: until there is nothing, or a round has
// changed nothing. What the board would not take then is under way, and has its turn at the next tick.
func (c *Clerk) fileAll(ctx context.Context, after time.Duration, fileable func(time.Time, int) []alerting.Filed, wanted func() bool) error {
	since := c.Now().Add(-after)
	for wanted() {
		if changed, err := c.put(ctx, fileable(since, batch)); err != nil || !changed {
			return err
		}
	}
	return nil
}

func (c *Clerk) try(ctx context.Context, file func(context.Context) error) {
	if err := file(ctx); err != nil && ctx.Err() == nil {
		c.Log.Warn().Err(err).Msg("alerts that are over could not be filed; they stay in memory and are filed later")
	}
}

// fileExcess files what is too much in memory, however short a time ago it was heard of.
func (c *Clerk) fileExcess(ctx context.Context) error {
	for keys := range slices.Chunk(c.Board.Excess(c.Most, c.Now().Add(-Rest)), batch) {
		if _, err := c.put(ctx, c.Board.ToFile(keys)); err != nil {
			return err
		}
	}
	return nil
}

// put files some alerts, and reports whether that has changed anything.
func (c *Clerk) put(ctx context.Context, all []alerting.Filed) (changed bool, err error) {
	for _, f := range all {
		if err := c.Store.File(ctx, f); err != nil {
			return changed, err
		}
		changed = c.Board.File(f) || changed
	}
	if !changed {
		return false, nil
	}
	return true, c.Store.KeepCheckpoint(ctx, c.Board.Checkpoint())
}
