package integration_test

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/access"
	"revere/alerting/engine"
	"revere/integration/checker"
	"revere/subscribers"
)

// collect asks the service for all that it shows, stops it, and reads what it had written.
func (c *chaos) collect(settled bool) checker.History {
	h := checker.History{Atlas: atlas(), Askable: map[string]bool{"sms": true}, FallbackAfter: longWait, Settled: settled}
	for _, p := range c.published {
		h.Accepted = append(h.Accepted, p.name)
	}
	for _, s := range c.w.Alerts() {
		a := still(c.t, c.w, s.Key)
		a.Follows = len(a.Summary.Corrects) > 0
		h.Alerts = append(h.Alerts, a)
	}
	h.Provided = provided(c.w)
	for i := range h.Provided {
		h.Provided[i].Arrived = h.Provided[i].Arrived || c.receipted[h.Provided[i].ID]
	}
	for key, body := range c.refused {
		if kept := rejection(c.w, key); !bytes.Equal(kept.Base64, body) {
			c.wonder("%s was not kept byte for byte", key)
		}
	}
	for _, x := range c.unheard() {
		c.wonder("an answer that was taken is not there: %v", x)
	}
	for _, v := range c.victims {
		if err := v.Interrupt(); err != nil {
			c.wonder("it did not stop in good order: %v", err)
		}
	}
	c.stored().into(&h)
	return h
}

// A stored is what a data directory holds, read without the service.
type stored struct {
	records []written
	commits []commit
}

// A written is a record with its place in the ledger.
type written struct {
	sequence uint64
	alerting.Record
}

// A commit is a change of the directory.
type commit struct {
	revision uint64
	changes  []alerting.Change
}

// stored is what a service has written that has stopped.
func (c *chaos) stored() stored {
	c.t.Helper()
	if c.cluster == nil {
		return readStored(c.t, c.w.Dir)
	}
	e, err := engine.Connect(c.t.Context(), engine.ClusterConfig{URL: c.cluster.URL(), Replicas: len(c.cluster.Nodes)}, zerolog.Nop())
	require.NoError(c.t, err)
	defer e.Close()
	return readAll(c.t, e)
}

// readStored reads the data directory of a service that has stopped.
func readStored(t *testing.T, dir string) (s stored) {
	t.Helper()
	opened(t, dir, func(e *engine.Engine) { s = readAll(t, e) })
	return s
}

// opened opens the data directory of a service that has stopped.
func opened(t *testing.T, dir string, look func(*engine.Engine)) {
	t.Helper()
	server, err := engine.StartServer(engine.ServerConfig{Dir: dir, Log: zerolog.Nop()})
	require.NoError(t, err)
	defer func() { require.NoError(t, server.Stop()) }()
	e, err := engine.Embedded(t.Context(), server, zerolog.Nop())
	require.NoError(t, err)
	defer e.Close()
	look(e)
}

// readAll reads the ledger and the directory.
func readAll(t *testing.T, e *engine.Engine) (s stored) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read := make(chan uint64, 1024)
	reached, err := e.FollowLedger(ctx, 0, func(sequence uint64, _ string, records []alerting.Record) {
		for _, r := range records {
			s.records = append(s.records, written{sequence, r})
		}
		read <- sequence
	})
	require.NoError(t, err)
	upTo(read, reached)
	reached, err = e.FollowDirectory(ctx, 0, func(revision uint64, changes []alerting.Change) {
		own := slices.DeleteFunc(slices.Clone(changes), func(c alerting.Change) bool { return c.Kind == access.ChangeToken })
		s.commits = append(s.commits, commit{revision, own})
		read <- revision
	})
	require.NoError(t, err)
	upTo(read, reached)
	return s
}

// upTo waits until a stream has been read as far as it reached.
func upTo(read <-chan uint64, reached uint64) {
	for last := uint64(0); last < reached; {
		last = <-read
	}
}

// into gives each alert its records, and the directory from which its list was made.
func (s stored) into(h *checker.History) {
	for i := range h.Alerts {
		a := &h.Alerts[i]
		a.Records, a.Directory = []alerting.Record{}, []subscribers.Subscriber{}
		for _, r := range s.records {
			if r.Alert != a.Summary.Key || r.sequence > a.Summary.Sequence {
				continue
			}
			if r.Manifest != nil && len(a.Directory) == 0 {
				a.Directory = s.directoryAt(r.Manifest.Revision)
			}
			a.Records = append(a.Records, r.Record)
		}
	}
}

// directoryAt is who was subscribed at a revision.
func (s stored) directoryAt(revision uint64) (people []subscribers.Subscriber) {
	d := subscribers.NewDirectory()
	for _, c := range s.commits {
		if c.revision > revision {
			break
		}
		_ = d.Apply(c.revision, c.changes) // what it can't read is passed over there as it is in the service
	}
	d.Read(func(v *subscribers.View) {
		v.All(func(p *subscribers.Subscriber) bool {
			people = append(people, *p)
			return true
		})
	})
	return people
}
