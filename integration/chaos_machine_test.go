package integration_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"revere/alerting"
	"revere/alerting/faults"
	"revere/alerting/tracking"
	"revere/integration/harness"
	"revere/integration/signalsim"
	"revere/integration/twiliosim"
)

// A victim is a process of the service.
type victim interface {
	Alive() bool
	Kill9()
	Interrupt() error
	Freeze()
	Thaw()
	Revive(faults.Plan) (alive bool)
}

// A member is one of several processes.
type member struct{ *harness.Member }

func (m member) Kill9()           { m.Kill() }
func (m member) Interrupt() error { return m.Stop() }
func (m member) Freeze()          { m.Pause() }
func (m member) Thaw()            { m.Resume() }

// mistreat kills, freezes and stops processes until ctx is done, and starts them again each time.
func (c *chaos) mistreat(ctx context.Context) {
	for pause(ctx, 300*time.Millisecond+time.Duration(c.random.Int64N(int64(1200*time.Millisecond)))) {
		v := pick(c.random, c.victims)
		if !v.Alive() {
			c.revive(v)
			continue
		}
		switch c.random.IntN(6) {
		case 0, 1, 2:
			c.count("kill -9")
			v.Kill9()
			c.revive(v)
		case 3:
			c.count("SIGTERM")
			if err := v.Interrupt(); err != nil && v.Alive() {
				c.wonder("it did not stop: %v", err)
			}
			c.revive(v)
		default:
			c.count("SIGSTOP")
			v.Freeze()
			c.moment()
			v.Thaw()
		}
	}
}

// loseServers kills, freezes and cuts off one of the cluster's servers after the other until ctx is done: two of three
// are well at any time.
func (c *chaos) loseServers(ctx context.Context, r *rand.Rand) {
	for pause(ctx, time.Duration(r.Int64N(int64(c.plan.history/4)))) {
		n := pick(r, c.cluster.Nodes)
		switch r.IntN(3) {
		case 0:
			c.count("server killed")
			n.Kill()
			pause(ctx, time.Second)
			n.Start()
		case 1:
			c.count("server frozen")
			n.Pause()
			pause(ctx, time.Second)
			n.Resume()
		default:
			c.count("server cut off")
			c.cluster.Part(n)
			pause(ctx, time.Second)
			c.cluster.Heal(n)
		}
		c.cluster.Whole()
	}
}

// moment lets some time pass: the machine's, not the test's.
func (c *chaos) moment() {
	time.Sleep(200*time.Millisecond + time.Duration(c.random.Int64N(int64(c.plan.history/6))))
}

// revive starts a process, half of the time so that it dies again at some point of its work.
func (c *chaos) revive(v victim) {
	var plan faults.Plan
	if c.random.IntN(2) == 0 {
		plan = faults.Plan{Point: pick(c.random, faults.Points), Passing: 1 + c.random.Int64N(10)}
	}
	if !v.Revive(plan) {
		c.count("kill at a start's crash point")
	} else if plan.Point != "" {
		c.count("life with a crash point")
	}
}

// heal makes everything work again.
func (c *chaos) heal() {
	c.w.Twilio.SetBehavior(twiliosim.Behavior{})
	c.w.SMTP.Heal()
	c.w.Signal.Behave(signalsim.Behavior{})
	for _, v := range c.victims {
		if v.Alive() {
			v.Kill9()
		}
	}
	for _, v := range c.victims {
		if !v.Revive(faults.Plan{}) {
			c.t.Fatalf("the service does not start any more:\n%s", c.w.Log.Tail(20))
		}
	}
}

// settle waits until nothing is due and all that was promised is there. When that takes too long the
// checker says what is missing. It reports false when it gave up before, since nothing went on.
func (c *chaos) settle() bool {
	before, changed := uint64(0), time.Now()
	for deadline := time.Now().Add(c.plan.settle); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) { // the service's work, asked after now and then
		sequence, err := c.settled()
		if err == nil && sequence == before {
			return true
		}
		if sequence != before {
			before, changed = sequence, time.Now()
		}
		if c.plan.quiet > 0 && time.Since(changed) > c.plan.quiet {
			c.t.Log("nothing goes on, and it is not settled: ", err)
			return false
		}
		if err != nil && time.Until(deadline) < time.Second {
			c.t.Log("not settled: ", err)
		}
	}
	return true
}

// settled returns how far the alerts' records go, and an error while something is due.
func (c *chaos) settled() (sequence uint64, err error) {
	byName := map[string]bool{}
	for _, listed := range c.w.Alerts() {
		s := c.w.Summary(listed.Key)
		sequence = max(sequence, s.Sequence)
		byName[string(s.Key)], byName[s.Alert.ID] = true, true
		if !s.Finished || !s.Expanded {
			err = errors.Join(err, fmt.Errorf("%s is not finished: %v", s.Key, s.States))
		}
	}
	for _, p := range c.published {
		if !byName[p.name] {
			err = errors.Join(err, fmt.Errorf("%s is not there", p.name))
		}
	}
	if waiting := c.unheard(); len(waiting) > 0 {
		err = errors.Join(err, fmt.Errorf("%d answers are not there: %v", len(waiting), waiting[0]))
	}
	return sequence, err
}

// unheard are the answers that should be there and are not.
func (c *chaos) unheard() (missing []witness) {
	people := map[alerting.Key]map[string]tracking.PersonView{}
	for _, x := range c.witnessed {
		if people[x.key] == nil {
			people[x.key] = map[string]tracking.PersonView{}
			for _, p := range c.w.People(x.key) {
				people[x.key][p.Subscriber] = p
			}
		}
		if x.whileOpen && c.w.Summary(x.key).Phase != tracking.Open {
			continue
		}
		if !x.holds(people[x.key][x.subscriber]) {
			missing = append(missing, x)
		}
	}
	return missing
}
