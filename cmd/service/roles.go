package service

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/engine"
	"revere/alerting/escalation"
	"revere/alerting/fanout"
	"revere/alerting/filing"
	"revere/alerting/outbox"
	"revere/alerting/replies"
	"revere/channels"
	"revere/subscribers"
	"revere/subscribers/registry"
)

// run starts the roles.
func (s *Service) run(ctx, running context.Context, roles []string) error {
	s.keepReserve(running)
	s.work.Go(func() error { s.awaitRouter(running); return nil })
	if slices.Contains(roles, RoleAPI) {
		if err := s.firstToken(ctx); err != nil {
			return err
		}
		s.serve(running)
	}
	if slices.Contains(roles, RoleRouter) {
		s.underLease(running, "router", s.route)
	}
	if slices.Contains(roles, RoleTracker) {
		s.underLease(running, "tracker", s.track)
	}
	if slices.Contains(roles, RoleWorker) {
		for name, channel := range s.channels {
			memory, account := &outbox.Memory{}, &channels.Account{}
			s.underLease(running, "channel-"+name, func(ctx context.Context, lease *engine.Lease) error {
				return s.dispatch(ctx, lease, channel, memory, account)
			})
		}
	}
	return nil
}

// underLease runs work in whichever process holds the lease.
func (s *Service) underLease(running context.Context, name string, work func(context.Context, *engine.Lease) error) {
	s.work.Go(func() error {
		return s.engine.HoldLease(running, name, s.holder, func(ctx context.Context, lease *engine.Lease) error {
			if err := s.catchUp(ctx); err != nil {
				return err
			}
			return work(ctx, lease)
		})
	})
}

// catchUp returns when the board holds everything that the holder before may have written.
func (s *Service) catchUp(ctx context.Context) error {
	end, err := s.engine.LedgerEnd(ctx)
	if err != nil {
		return err
	}
	return s.board.Wait(ctx, end)
}

// journal begins a journal where the board says that the subject ends.
func (s *Service) journal(subject string) *engine.Journal {
	return s.engine.Journal(subject, s.board.Last(subject))
}

func (s *Service) audience() registry.Audience {
	return registry.Audience{Directory: s.registry.Directory, On: func(channel string) bool { return s.channels[channel] != nil }}
}

func (s *Service) route(ctx context.Context, _ *engine.Lease) error {
	journal := s.journal(engine.LedgerAlerts)
	if err := s.settle(ctx, journal); err != nil {
		return err
	}
	router := &fanout.Router{
		Store: s.engine, Board: s.board, Atlas: s.registry.Directory.Atlas(), Audience: s.audience(), Unplaced: s.audience().Unplaced, Refresh: s.registry.Refresh,
		Strict: !s.config.NATS.Embedded() || !s.config.NATS.ListenIsLoopback(), Now: time.Now, Log: s.log, Observe: s.metrics.judged, Room: s.room(), InDoubt: s.inDoubt,
	}
	return router.Run(ctx, s.engine, journal)
}

func (s *Service) track(ctx context.Context, _ *engine.Lease) error {
	if err := s.awaitJudged(ctx); err != nil {
		return err
	}
	work, ctx := errgroup.WithContext(ctx)
	arrivals := make(chan replies.Arrival, 256)
	processor := &replies.Processor{
		Board: s.board, Journal: s.journal(engine.LedgerInbound), Desk: s.desk, OptOut: s.optOut, OptIn: s.optIn, Now: time.Now, Log: s.log, Observe: s.metrics.arrived,
		Answered: s.gate.Hold().Heard,
	}
	dealt := s.board.Inbound()
	err := s.engine.FollowInbound(ctx, dealt-min(dealt, replies.Lookback), func(sequence uint64, facts []alerting.Inbound) {
		select {
		case arrivals <- replies.Arrival{Sequence: sequence, Facts: facts}:
		case <-ctx.Done():
		}
	})
	if err != nil {
		return err
	}
	escalator := &escalation.Escalator{
		Board: s.board, Journal: s.journal(engine.LedgerTimers), Policy: s.policy(), Now: time.Now, Log: s.log, OpenSince: s.gate.OpenSince, InDoubt: s.inDoubt,
	}
	work.Go(func() error { return processor.Run(ctx, arrivals) })
	work.Go(func() error { return escalator.Run(ctx) })
	clerk := &filing.Clerk{Board: s.board, Store: s.engine, After: s.fileAfter, Most: s.fileMost, Crowded: s.crowded, Now: time.Now, Log: s.log}
	work.Go(func() error { clerk.Run(ctx); return nil })
	return work.Wait()
}

func (s *Service) policy() escalation.Policy {
	policy := escalation.Policy{}
	for _, severity := range []alerting.Severity{alerting.Severe, alerting.Moderate, alerting.Minor} {
		policy[severity] = s.config.Channels.FallbackAfter.For(severity)
	}
	return policy
}

// dispatch sends what is due on a channel, once messages may go out.
func (s *Service) dispatch(ctx context.Context, lease *engine.Lease, channel channels.Channel, memory *outbox.Memory, account *channels.Account) error {
	name := channel.Name()
	if !s.gate.Wait(ctx) {
		return nil
	}
	if err := s.catchUp(ctx); err != nil { // with what was found to be in doubt meanwhile
		return err
	}
	journal := s.journal(engine.LedgerChannel(name))
	dispatcher := &channels.Dispatcher{
		Channel: channel, Lease: s.gate.Guard(lease), Now: time.Now, Log: s.log, Meter: s.metrics, Inbox: s.engine, Account: account,
		Outbox: &outbox.Outbox{
			Channel: name, Board: s.board, Journal: journal, Word: newWriter(s.desk, s.links, channel.Format()).word,
			OptedOut: s.optedOut, OptOut: s.optOut, Memory: memory, Now: time.Now,
		},
	}
	return dispatcher.Run(ctx)
}

func (s *Service) optedOut(channel, address string) (out bool) {
	s.registry.Directory.Read(func(v *subscribers.View) { _, out = v.OptedOut(channel, address) })
	return out
}

func (s *Service) optOut(ctx context.Context, channel, address, reason string) error {
	_, err := s.registry.Edit(ctx, func() ([]alerting.Change, error) {
		if s.optedOut(channel, address) {
			return nil, nil
		}
		return []alerting.Change{subscribers.OptOut{Channel: channel, Address: address, At: time.Now().UTC(), Reason: reason}.Put()}, nil
	})
	return err
}

func (s *Service) optIn(ctx context.Context, channel, address string) error {
	_, err := s.registry.Edit(ctx, func() ([]alerting.Change, error) {
		if !s.optedOut(channel, address) {
			return nil, nil
		}
		return []alerting.Change{subscribers.Remove(subscribers.ChangeOptOut, subscribers.OptOut{Channel: channel, Address: address}.Key())}, nil
	})
	return err
}

// serve takes requests until Stop.
func (s *Service) serve(running context.Context) {
	s.http = api.NewHTTPServer(s.handler())
	limited := api.Limit(s.http, s.listener, api.MaxConnections)
	s.work.Go(func() error {
		if err := s.http.Serve(limited); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve HTTP: %w", err)
		}
		return nil
	})
	for _, channel := range s.channels {
		if listener, ok := channel.(channels.Listener); ok {
			s.work.Go(func() error { return listener.Listen(running, s.engine) })
		}
	}
}
