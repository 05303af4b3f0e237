package integration_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/integration/checker"
	"revere/integration/harness"
)

// A chaosPlan is how long a history is and how long it may take to settle.
type chaosPlan struct {
	history, settle time.Duration
	// quiet is how long nothing may be recorded before it is given up that it will settle; 0 is for ever.
	quiet time.Duration
	// binary is what runs; "" for the usual one.
	binary string
	// roles are those of each process on a cluster; none for one process with its own engine.
	roles []string
}

var (
	shortChaos = chaosPlan{history: 7 * time.Second, settle: 75 * time.Second}
	longChaos  = chaosPlan{history: 20 * time.Second, settle: 3 * time.Minute}
)

// Whatever people, providers and the machine do at the same time, at the end everyone got what they
// should, nothing is claimed that is not so, and nothing that was acknowledged is gone.
//
// One history after the other is drawn from the seed until -soak is over; each names its own seed,
// and -seed repeats it.
func TestChaos(t *testing.T) {
	t.Parallel()
	plan := shortChaos
	if *soak > 0 {
		plan = longChaos
	}
	histories(t, plan)
}

// The same with several processes in each role on a cluster, of which servers are lost, too. It takes -soak:
// beside other tests ten processes would be slow, and TestCluster has a part of it.
func TestChaosOnACluster(t *testing.T) {
	if *soak == 0 {
		t.Skip("a history of processes and servers that are lost takes minutes: give -soak")
	}
	plan := longChaos
	plan.roles = []string{"api,router", "worker,tracker", "api,router", "worker,tracker"}
	histories(t, plan)
}

// histories draws one after the other, until one does not come out as it should or -soak is over.
func histories(t *testing.T, plan chaosPlan) {
	t.Helper()
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	var sum deeds
	for began := time.Now(); sum["histories"] == 0 || time.Since(began) < *soak; s++ {
		t.Run(fmt.Sprintf("seed=%d", s), func(t *testing.T) {
			c := newChaos(t, s, plan)
			for _, v := range c.run() {
				t.Error(v)
			}
			sum = sum.plus(c.did).plus(deeds{"histories": 1})
		})
		if t.Failed() {
			t.Logf("repeat it with: go test ./integration -run '%s$' -seed %d", t.Name(), s)
			break
		}
	}
	t.Logf("%v", sum)
}

// A defect that is planted in the binary, one record in ten lost before it is written, is found:
// else all of the above would mean nothing. With -soak it is one in a thousand. It has the time to settle
// that TestChaos has, and what a sound binary may still be waiting for when it is given up is no finding.
func TestChaosFindsAPlantedDefect(t *testing.T) {
	t.Parallel()
	plan := chaosPlan{history: 6 * time.Second, settle: shortChaos.settle, quiet: 20 * time.Second, binary: harness.BinaryWith(t, "planted")}
	if *soak > 0 {
		plan = longChaos
		plan.quiet, plan.binary = time.Minute, harness.BinaryWith(t, "planted,rarely")
	}
	for s, began := max(*seed, 1), time.Now(); ; s++ {
		if violations := newChaos(t, s, plan).run(); len(violations) > 0 {
			t.Logf("%d violations in history %d, the first: %s", len(violations), s, violations[0])
			return
		}
		if time.Since(began) >= *soak {
			t.Fatal("records were lost, and nothing was found")
		}
	}
}

// A deeds counts what was done in a history, by its name.
type deeds map[string]int

func (d deeds) plus(more deeds) deeds {
	sum := deeds{}
	for _, part := range []deeds{d, more} {
		for what, n := range part {
			sum[what] += n
		}
	}
	return sum
}

// longWait keeps timers of next contacts out of a history: only failures take them.
const longWait = 10 * time.Minute

// A chaos is one history: a service, its providers, and who does what to them. What each of the
// actors decides comes from the seed alone; what the machine makes of it does not.
type chaos struct {
	t      *testing.T
	w      *harness.World
	random *rand.Rand // the machine's faults
	plan   chaosPlan
	seed   uint64

	victims []victim
	cluster *harness.Cluster // nil where there is none

	mu        sync.Mutex
	did       deeds
	published []publication
	witnessed []witness
	refused   map[alerting.Key][]byte // what was not to be taken
	receipted map[string]bool         // Signal's messages that a phone has told of
	odd       []string                // answers that should have been others
}

func newChaos(t *testing.T, seed uint64, plan chaosPlan) *chaos {
	c := &chaos{
		t: t, plan: plan, seed: seed, random: rand.New(rand.NewPCG(seed, 0)), did: deeds{},
		refused: map[alerting.Key][]byte{}, receipted: map[string]bool{},
	}
	c.found(map[string]string{
		"CHANNELS__SMS__RATE": "200", "CHANNELS__EMAIL__RATE": "60", "CHANNELS__SIGNAL__RATE": "20", "CHANNELS__FALLBACK_AFTER__SEVERE": "10m",
		"CHANNELS__FALLBACK_AFTER__MODERATE": "10m", "CHANNELS__SMS__TIMEOUT": "1s", "CHANNELS__EMAIL__TIMEOUT": "1s",
	})
	c.w.Import(someone(rand.New(rand.NewPCG(seed, 1)), 30)...)
	return c
}

// found starts what the history is about.
func (c *chaos) found(settings map[string]string) {
	if len(c.plan.roles) == 0 {
		c.w = harness.New(c.t, harness.Options{Binary: c.plan.binary, Settings: settings})
		c.victims = []victim{c.w}
		return
	}
	c.cluster = harness.NewCluster(c.t)
	f := harness.NewFleet(c.t, c.cluster, settings, c.plan.roles...)
	c.w = f.World
	for _, m := range f.Members {
		c.victims = append(c.victims, member{m})
	}
}

// run lets everyone act at once, waits until all of it has come to its end, and returns what the
// checker finds, and what was answered otherwise than it should have been.
func (c *chaos) run() (found []string) {
	ctx, cancel := context.WithTimeout(c.t.Context(), c.plan.history)
	defer cancel()
	var actors sync.WaitGroup
	for i, act := range []func(context.Context, *rand.Rand){c.produce, c.answer, c.disturb} {
		random := rand.New(rand.NewPCG(c.seed, uint64(i)+2))
		actors.Go(func() {
			for ctx.Err() == nil {
				act(ctx, random)
				pause(ctx, time.Duration(random.Int64N(int64(60*time.Millisecond))))
			}
		})
	}
	if c.cluster != nil {
		random := rand.New(rand.NewPCG(c.seed, 9))
		actors.Go(func() { c.loseServers(ctx, random) })
	}
	c.mistreat(ctx)
	actors.Wait()
	c.heal()
	h := c.collect(c.settle())
	for _, v := range checker.Check(h) {
		found = append(found, v.String()+c.background(h, v))
	}
	return append(found, c.odd...)
}

// background is what the history holds of the people whom a violation concerns, in the alert and in those
// that it corrects.
func (c *chaos) background(h checker.History, v checker.Violation) (told string) {
	var concerned []alerting.Key
	for i := range h.Alerts {
		if s := &h.Alerts[i].Summary; s.Key == v.Alert {
			concerned = append(s.Corrects, s.Key)
		}
	}
	for i := range h.Alerts {
		a := &h.Alerts[i]
		if !slices.Contains(concerned, a.Summary.Key) {
			continue
		}
		told += fmt.Sprintf("\n\t%s, opened %s: %s %s %s %s, corrects %v, replaced by %q", a.Summary.Key, a.Summary.Opened.Format(clock),
			a.Summary.Alert.Status, a.Summary.Alert.Severity, a.Summary.Alert.Type, a.Summary.Phase, a.Summary.Corrects, a.Summary.ReplacedBy)
		of := slices.IndexFunc(a.Deliveries, func(d tracking.DeliveryView) bool { return d.Address == v.Address && d.Notice == "" })
		for _, d := range a.Deliveries {
			if of >= 0 && d.Address != v.Address && !slices.Equal(d.Subscribers, a.Deliveries[of].Subscribers) {
				continue
			}
			told += fmt.Sprintf("\n\t%s %v %s%s", d.Address, d.Subscribers, d.State, d.Notice)
			for _, e := range d.History {
				told += fmt.Sprintf("\n\t\t%s %s %d again=%t receipt=%t retry=%s %s %s", e.At.Format(clock), e.State, e.Attempt, e.PossibleDuplicate, e.Receipt, e.RetryAt.Format(clock), e.ProviderID, e.Reason)
			}
		}
	}
	for _, m := range h.Provided {
		if m.To == v.Address {
			told += fmt.Sprintf("\n\tprovider %s %s %s arrived=%t", m.At.Format(clock), m.Ref, m.ID, m.Arrived)
		}
	}
	return told
}

const clock = "15:04:05.000"

// count notes that something was done.
func (c *chaos) count(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.did[what]++
}

// wonder notes an answer that should have been another.
func (c *chaos) wonder(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.odd = append(c.odd, fmt.Sprintf(format, args...))
}

// pause waits, and reports false when ctx is done before.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }
