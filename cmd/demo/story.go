package demo

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"revere/alerting"
	"revere/alerting/tracking"
	"revere/cmd/revere/client"
)

//go:embed sample
var sample embed.FS

// Run tells the story on out, and then serves until ctx is done; with o.Once it returns instead. Its
// error is that of ctx where that was done in the middle of the story.
func Run(ctx context.Context, out io.Writer, o Options) (err error) {
	screen := newScreen(out)
	var crowd *people
	ready := make(chan struct{})
	w, err := newWorld(ctx, o, func(m message) {
		go func() {
			<-ready
			screen.message(m)
			crowd.receive(m)
		}()
	})
	if err != nil {
		return err
	}
	defer func() {
		crowd.leave()
		err = errors.Join(err, w.stop())
	}()
	crowd = w.people(o.Speed, screen.answer)
	close(ready)

	err = w.tell(ctx, screen, crowd)
	switch {
	case err == nil && o.Once:
		return nil
	case err == nil:
		screen.toTry(w)
		<-ctx.Done()
	case ctx.Err() != nil: // Ctrl-C: what the story lacks then is no fault of its own
		err = ctx.Err()
	default:
		return err
	}
	screen.say("Stopping; nothing of this demo is kept.")
	return err
}

// tell is the story.
func (w *world) tell(ctx context.Context, screen *screen, crowd *people) error {
	if err := w.importDirectory(ctx, screen); err != nil {
		return err
	}
	key, err := w.publish(ctx, screen)
	if err != nil {
		return err
	}
	// Lowell sends STOP, and the second of each team leaves the answer to the lead.
	if err := w.watch(ctx, screen, key, func(s tracking.Summary) bool { return s.Acknowledged >= s.People-3 && len(s.Gaps) == 1 && opted(s) }); err != nil {
		return err
	}
	if err := crowd.wait(); err != nil {
		return err
	}
	if err := w.table(ctx, screen, key, "The desk sees, jurisdiction by jurisdiction:"); err != nil {
		return err
	}
	return w.withdraw(ctx, screen, crowd, key)
}

// opted reports whether the STOP has come through.
func opted(s tracking.Summary) bool {
	return slices.ContainsFunc(s.Remarks, func(r tracking.RemarkView) bool { return r.Kind == alerting.RemarkOptOut })
}

func (w *world) importDirectory(ctx context.Context, screen *screen) error {
	for _, file := range []struct{ name, path, kind string }{
		{"sample/areas.csv", client.Path("areas", "import"), "text/csv"},
		{"sample/subscribers.csv", client.Path("subscribers", "import"), "text/csv"},
	} {
		if file.name == "sample/subscribers.csv" {
			if err := w.putTeams(ctx); err != nil {
				return err
			}
		}
		body, err := sample.ReadFile(file.name)
		if err != nil {
			return err
		}
		if err := w.api.Do(ctx, client.Request{Method: http.MethodPost, Path: file.path, Body: body, ContentType: file.kind, Import: true}, nil); err != nil {
			return err
		}
	}
	screen.say("Directory: 25 municipalities, 30 subscribers, an emergency-management center, two responder teams.")
	return nil
}

func (w *world) putTeams(ctx context.Context) error {
	raw, err := sample.ReadFile("sample/teams.json")
	if err != nil {
		return err
	}
	var teams []json.RawMessage
	if err := json.Unmarshal(raw, &teams); err != nil {
		return err
	}
	for _, team := range teams {
		var named struct{ ID string }
		if err := json.Unmarshal(team, &named); err != nil {
			return err
		}
		if err := w.api.Do(ctx, client.Request{Method: http.MethodPut, Path: client.Path("teams", named.ID), Body: team}, nil); err != nil {
			return err
		}
	}
	return nil
}

// publish publishes as any NATS client can, and returns the alert's key: it is known from the
// publish acknowledgement.
func (w *world) publish(ctx context.Context, screen *screen) (string, error) {
	body, err := sample.ReadFile("sample/alert.json")
	if err != nil {
		return "", err
	}
	conn, err := nats.Connect(w.service.NATSURL())
	if err != nil {
		return "", err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return "", err
	}
	ack, err := js.Publish(ctx, "alerts.ma.statewide", body)
	if err != nil {
		return "", err
	}
	key := alerting.KeyOf(ack.Sequence)
	screen.say(fmt.Sprintf("Published on alerts.ma.statewide: an exercise, severe, for all of Massachusetts. Durable as %s.", key))
	return string(key), nil
}

// storyPatience is how long one part of the story may take.
const storyPatience = 60 * time.Second

// watch shows an alert's progress until it has come as far as the story wants.
func (w *world) watch(ctx context.Context, screen *screen, key string, done func(tracking.Summary) bool) error {
	ctx, cancel := context.WithTimeout(ctx, storyPatience)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var s tracking.Summary
	for {
		var problem *client.Problem
		err := w.api.Get(ctx, client.Path("alerts", key), nil, &s)
		if err != nil && !errors.As(err, &problem) && ctx.Err() == nil {
			return err
		}
		if err == nil {
			screen.progress(s)
			if s.Expanded && done(s) {
				screen.endProgress()
				return nil
			}
		}
		select {
		case <-ctx.Done():
			screen.endProgress()
			return atFault("alert %s reached %d of %d people, %d acknowledged, gaps %v", key, s.Reached, s.People, s.Acknowledged, s.Gaps)
		case <-tick.C:
		}
	}
}

func (w *world) table(ctx context.Context, screen *screen, key, title string) error {
	var s tracking.Summary
	if err := w.api.Get(ctx, client.Path("alerts", key), nil, &s); err != nil {
		return err
	}
	screen.table(title, s)
	return nil
}

// withdraw cancels the alert and waits until everyone who got it knows.
func (w *world) withdraw(ctx context.Context, screen *screen, crowd *people, key string) error {
	screen.say("It was a drill vendor's mail: the desk withdraws the alert.")
	var published struct {
		Key  string `json:"key"`
		Code string `json:"code"`
	}
	request := client.Request{Method: http.MethodPost, Path: client.Path("alerts", key, "cancel"), Body: []byte(`{}`), Key: "demo-cancel"}
	if err := w.api.Do(ctx, request, &published); err != nil {
		return err
	}
	var before tracking.Summary
	if err := w.api.Get(ctx, client.Path("alerts", key), nil, &before); err != nil {
		return err
	}
	// Lowell can't be told by SMS any more: that gap stays on the screen.
	reached := func(s tracking.Summary) bool {
		return s.Reached >= before.People-1 && s.Acknowledged >= before.People-3
	}
	if err := w.watch(ctx, screen, published.Key, reached); err != nil {
		return err
	}
	if err := crowd.wait(); err != nil {
		return err
	}
	return w.table(ctx, screen, published.Key, "The withdrawal went to every address that had the alert:")
}

// keyOf finds the open alert that has a code.
func (w *world) keyOf(ctx context.Context, code string) (string, error) {
	var page struct {
		Data []tracking.Summary `json:"data"`
	}
	if err := w.api.Get(ctx, client.Path("alerts"), url.Values{"phase": {"open"}}, &page); err != nil {
		return "", err
	}
	for _, s := range page.Data {
		if s.Code == code {
			return string(s.Key), nil
		}
	}
	return "", fmt.Errorf("no open alert has the code %s", code)
}
