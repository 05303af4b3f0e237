package service

import (
	"net/http"
	"time"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/audit"
	"revere/alerting/backup"
	"revere/alerting/engine"
	"revere/alerting/fanout"
	"revere/alerting/gsm7"
	"revere/alerting/recovery"
	"revere/alerting/replies"
	"revere/alerting/tracking"
	"revere/channels"
	"revere/subscribers"
	"revere/subscribers/directoryapi"
)

// handler puts the API together.
func (s *Service) handler() http.Handler {
	atlas := s.registry.Directory.Atlas()
	server := &api.Server{
		Board: s.board, Atlas: atlas, Tokens: s.tokens, Directory: s.registry, Keys: s.engine, Ledger: s.engine, Rejected: s.engine,
		Publish:  fanout.Desk{Board: s.board, Atlas: atlas, Submit: s.engine.Submit, Await: s.engine.AwaitVerdict, Admission: s.admission(), Now: time.Now},
		Preview:  s.previewer(),
		Answers:  replies.Desk{Board: s.board, Append: s.engine.Journal(engine.LedgerDesk, engine.Anywhere).Append, Links: s.links, Now: time.Now},
		Ready:    s.engine.Ready,
		Hold:     s.gate.Hold,
		Storage:  s.engine.Storage,
		Stopping: s.closing, Stragglers: s.engine.Stragglers,
		PublicURL: s.publicURL, SenderName: s.config.SenderName, DeskPhone: s.config.DeskPhone, Version: s.version,
		Rooms: []api.Room{
			&directoryapi.Room{Registry: s.registry, Storage: s.engine.Storage, Validator: subscribers.Validator{Atlas: atlas, Addresses: s.addresses()}},
			backup.Room{Writer: backup.Writer{Source: s.engine, Version: s.version, Now: time.Now}, Log: s.log},
			audit.Room{Auditor: &audit.Auditor{Board: s.board, Ledger: s.engine, Channels: s.listers(), Now: time.Now}},
			recovery.Room{Gate: s.gate, Board: s.board, Free: s.engine.Release, Now: time.Now},
		},
		Routes: s.webhooks(), Metrics: s.metrics.registry, Now: time.Now, Log: s.log,
	}
	return server.Handler()
}

// addresses are the parsers of every kind of channel, whether it is configured here or not: the
// directory outlives a configuration.
func (s *Service) addresses() map[string]func(string) (string, error) {
	parsers := map[string]func(string) (string, error){}
	for _, kind := range s.kinds {
		parsers[kind.Name] = kind.ParseAddress
	}
	return parsers
}

// webhooks are the routes that the channels declare.
func (s *Service) webhooks() map[string]http.Handler {
	routes := map[string]http.Handler{}
	for _, channel := range s.channels {
		if receiver, ok := channel.(channels.Receiver); ok {
			for _, route := range receiver.Routes(s.engine) {
				routes[route.Pattern] = route.Handler
			}
		}
	}
	return routes
}

// listers are the channels that are on, with those whose provider can say what it was given.
func (s *Service) listers() map[string]audit.Lister {
	listers := map[string]audit.Lister{}
	for name, channel := range s.channels {
		lister, _ := channel.(channels.Lister)
		listers[name] = lister
	}
	return listers
}

func (s *Service) previewer() fanout.Previewer {
	return fanout.Previewer{
		Audience: s.audience(),
		Rate: func(name string) float64 {
			if channel := s.channels[name]; channel != nil {
				return channel.Limits().Rate
			}
			return 0
		},
		Units: func(name string, alert alerting.Alert) int {
			channel := s.channels[name]
			if channel == nil || channel.Format() != alerting.Short {
				return 1
			}
			message := newWriter(s.desk, s.links, alerting.Short).word(tracking.Envelope{Alert: &alert, Code: "K7Q", Areas: alert.Areas}, false)
			return max(1, gsm7.Segments(message.Text))
		},
	}
}
