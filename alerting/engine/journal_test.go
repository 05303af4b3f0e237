package engine_test

import (
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/engine"
)

// An append that comes alone is written at once: no clock moves until it is. What comes while it is under
// way is written together, when it is done.
func TestALoneAppendIsNeverHeldBack(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]uint64{"its own subject": 0, "a shared subject": engine.Anywhere} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began, done := time.Now(), make(chan uint64)
				var messages []int
				j := engine.JournalInto(last, func(records []alerting.Record) (uint64, error) {
					assert.Zero(t, time.Since(began), "it was held back")
					messages = append(messages, len(records))
					return <-done, nil
				})
				var all sync.WaitGroup
				appends := func(n int, want uint64) {
					for range n {
						all.Go(func() {
							sequence, err := j.Append(t.Context(), record("a1", "x"))
							assert.NoError(t, err)
							assert.Equal(t, want, sequence)
						})
					}
					synctest.Wait()
				}
				appends(1, 7)
				assert.Equal(t, []int{1}, messages)
				appends(400, 8)
				assert.Equal(t, []int{1}, messages)
				done <- 7
				synctest.Wait()
				assert.Equal(t, []int{1, 400}, messages)
				done <- 8
				all.Wait()
				appends(1, 9)
				assert.Equal(t, []int{1, 400, 1}, messages)
				done <- 9
				all.Wait()
				assert.Zero(t, time.Since(began))
			})
		})
	}
}

// On a subject with many writers a failure is of those who shared the message: the desk takes answers
// again as soon as the disk does.
func TestJournalOnASharedSubjectGoesOnAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failures := make(chan error)
		j := engine.JournalInto(engine.Anywhere, func([]alerting.Record) (uint64, error) { return 5, <-failures })
		failed := errors.New("no disk")
		outcome := make(chan error)
		for _, err := range []error{failed, nil} {
			go func() {
				_, err := j.Append(t.Context(), record("a1", "x"))
				outcome <- err
			}()
			failures <- err
			assert.Equal(t, err, <-outcome)
		}
	})
}

// Answers at the desks of several processes share the subject: none overtakes another, and those of one
// process share messages.
func TestJournalsOnASharedSubjectDontOvertakeEachOther(t *testing.T) {
	t.Parallel()
	e := open(t)
	const answers = 400
	desks := []*engine.Journal{e.Journal(engine.LedgerDesk, engine.Anywhere), e.Journal(engine.LedgerDesk, engine.Anywhere)}
	sequences := make([]uint64, answers)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			var err error
			sequences[i], err = desks[i%2].Append(t.Context(), record(alerting.KeyOf(uint64(i)), "x"))
			assert.NoError(t, err)
		})
	}
	all.Wait()
	messages := followLedger(t, e, 0).until(t, ledgerEnd(t, e))
	assert.Less(t, len(messages), answers/2, "many share one sync")
	where := map[alerting.Key]uint64{}
	for _, m := range messages {
		for _, r := range m.records {
			require.Zero(t, where[r.Alert], "%s was written twice", r.Alert)
			where[r.Alert] = m.sequence
		}
	}
	for i, sequence := range sequences {
		assert.Equal(t, where[alerting.KeyOf(uint64(i))], sequence)
	}
}
