package harness

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/channels"
	"revere/channels/email"
	"revere/channels/signal"
	"revere/channels/sms"
	"revere/cmd/service"
	"revere/config"
)

// An inside is a service within the test.
type inside struct {
	t       testing.TB
	service *service.Service
	stopped bool
}

var kinds = []channels.Kind{sms.Kind, email.Kind, signal.Kind}

// configuration is what the service is told.
func (w *World) configuration(t testing.TB) *config.Config {
	t.Helper()
	c, err := config.Load("", w.environ(), config.Sections(kinds))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Check is what revere check finds out about the service's configuration.
func (w *World) Check() []service.Checked {
	w.t.Helper()
	return service.Check(w.t.Context(), w.configuration(w.t), kinds)
}

func startInside(t testing.TB, w *World) *inside {
	t.Helper()
	c := w.configuration(t)
	log := zerolog.New(zerolog.SyncWriter(w.Log)).Level(zerolog.InfoLevel).With().Timestamp().Logger()
	s, err := service.Start(context.Background(), service.Options{Config: c, Kinds: kinds, Log: log, Version: "test", FileAfter: w.after, FileMost: w.most})
	if err != nil {
		t.Fatalf("start the service: %v", err)
	}
	return &inside{t: t, service: s}
}

func (i *inside) stop() error {
	i.stopped = true
	done := make(chan error, 1)
	go func() { done <- i.service.Stop() }()
	timer := time.NewTimer(stopTime)
	defer timer.Stop()
	select {
	case err := <-done:
		return err
	case <-timer.C:
		return fmt.Errorf("the service did not stop within %s", stopTime)
	}
}

func (i *inside) end() {
	if i.stopped {
		return
	}
	if err := i.stop(); err != nil {
		i.t.Errorf("stop the service: %v", err)
	}
}

// File has an alert that is over put away by a service within the test, so that the next start finds it away. No
// service runs before and afterwards.
func (w *World) File(key alerting.Key) {
	w.t.Helper()
	after := w.after
	defer func() { w.after = after }()
	Soon(w.t, func() error {
		w.after = 200 * time.Millisecond
		w.within(func(b *tracking.Board) { Soon(w.t, func() error { return inMemory(b, key) }) })
		w.after = after
		var err error // what is put away may not be durable yet
		w.within(func(b *tracking.Board) { err = inMemory(b, key) })
		return err
	})
}

// within has a look at the board of a service within the test, which ends after it.
func (w *World) within(look func(*tracking.Board)) {
	i := startInside(w.t, w)
	defer i.end()
	look(i.service.Board())
}

func inMemory(b *tracking.Board, key alerting.Key) error {
	if !b.Away(key) {
		return fmt.Errorf("%s is in memory", key)
	}
	return nil
}

// Board is what the service within the test knows of every alert.
func (w *World) Board() *tracking.Board {
	w.t.Helper()
	i, ok := w.run.(*inside)
	if !ok {
		w.t.Fatal("this world's service is a process; start it InProcess")
	}
	return i.service.Board()
}
