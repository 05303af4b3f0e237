package client

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// An Event is one server-sent event.
type Event struct {
	ID   string
	Name string // "message" where the server gives none
	Data []byte
}

const (
	// maxEventLine bounds one line of a stream, far above a ledger message's 512 KiB in JSON.
	maxEventLine = 16 << 20
	// silence is how long a stream may say nothing before it counts as lost: Revere's heart beats
	// every 15 s.
	silence = 45 * time.Second
)

// Follow hands events to handle as they come until ctx is done, handle returns an error, or the
// server refuses. A stream that breaks is opened again behind the last event, as often as need be;
// broken is told each time why.
func (c *Client) Follow(ctx context.Context, path string, handle func(Event) error, broken func(error)) error {
	last := ""
	for try := 1; ; try++ {
		err := c.follow(ctx, path, last, func(e Event) error {
			try = 1
			if e.ID != "" {
				last = e.ID
			}
			if err := handle(e); err != nil {
				return &stopped{err}
			}
			return nil
		})
		var stop *stopped
		var nobody *Unreachable
		switch {
		case errors.As(err, &stop):
			return stop.error
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.As(err, &nobody):
			if try == 1 {
				return err // no server runs, or the address is wrong
			}
		case !Undecided(err):
			return err
		}
		broken(err)
		if err := sleep(ctx, backoff(try)); err != nil {
			return err
		}
	}
}

// stopped carries what handle returned through the stream's own errors.
type stopped struct{ error }

// follow reads one stream to its end, which is always an error.
func (c *Client) follow(ctx context.Context, path, last string, handle func(Event) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answer, err := c.once(ctx, Request{Method: http.MethodGet, Path: path, Accept: "text/event-stream", lastEvent: last})
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	watchdog := time.AfterFunc(silence, cancel)
	defer watchdog.Stop()
	err = readEvents(alive{answer.Body, watchdog}, handle)
	if stop := (*stopped)(nil); errors.As(err, &stop) {
		return err
	}
	return &Lost{Server: c.server, Err: err}
}

// alive puts a watchdog off with every byte that is read.
type alive struct {
	io.Reader
	watchdog *time.Timer
}

func (a alive) Read(p []byte) (int, error) {
	n, err := a.Reader.Read(p)
	if n > 0 {
		a.watchdog.Reset(silence)
	}
	return n, err
}

// readEvents reads a stream of events (HTML Living Standard, 9.2.6): fields a line, an empty line
// behind each event, comments after a colon. It returns why the stream ended, io.EOF at its end;
// an event that is not complete by then is dropped.
func readEvents(r io.Reader, handle func(Event) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxEventLine)
	event, complete := Event{Name: "message"}, false
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 {
			if complete {
				if err := handle(event); err != nil {
					return err
				}
			}
			event, complete = Event{Name: "message"}, false
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "id":
			event.ID = string(value)
		case "event":
			event.Name = string(value)
		case "data":
			if complete {
				event.Data = append(event.Data, '\n')
			}
			event.Data, complete = append(event.Data, value...), true
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return io.EOF
}
