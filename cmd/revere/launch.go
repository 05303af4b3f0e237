package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/fanout"
	"revere/cmd/revere/client"
)

// caution says how much a command asks before it sends messages to people.
type caution struct {
	Yes    bool `short:"y" help:"Don't ask before something actual is sent."`
	DryRun bool `help:"Only show what would be sent to whom."`
}

// A launch is a publication or a correction on its way: shown, confirmed, sent.
type launch struct {
	path   string
	body   []byte
	status alerting.Status // of what is sent
	word   string          // that confirms it
	caution
	format
}

func (l launch) run(ctx context.Context, env environment, server *client.Client) error {
	ask := l.status == alerting.StatusActual && !l.Yes && !l.DryRun
	if ask && !env.attended {
		return usagef("an actual alert is sent only when a person types %s on a terminal, or with --yes; nothing was sent", l.word)
	}
	if ask || l.DryRun {
		raw, shown, err := l.preview(ctx, server)
		if err != nil {
			return err
		}
		if l.DryRun {
			return l.print(env, raw, func() string { return previewText(env, shown) })
		}
		env.sayf("%s", strings.TrimRight(previewText(env, shown), "\n"))
		if err := confirm(ctx, env, l.word); err != nil {
			return err
		}
	}
	raw, err := send(ctx, server, l.path, l.body)
	if err != nil {
		return l.explain(err)
	}
	result, err := read[api.Published](raw)
	if err != nil {
		return err
	}
	warn(env, result.Warnings)
	if result.Repeated {
		env.sayf("The same alert was published before: this is that one, and nobody is told twice.")
	}
	if result.Verdict == fanout.VerdictPending {
		env.sayf("It is stored and can't be lost, and waits to be judged: is a router running?")
	}
	return l.print(env, raw, func() string { return publishedText(result) })
}

func (l launch) preview(ctx context.Context, server *client.Client) (raw json.RawMessage, shown api.DryRun, err error) {
	err = server.Do(ctx, client.Request{Method: http.MethodPost, Path: l.path, Body: l.body, Query: url.Values{"dry_run": {"true"}}}, &raw)
	if err != nil {
		return nil, api.DryRun{}, err
	}
	shown, err = read[api.DryRun](raw)
	return raw, shown, err
}

// explain says what is known of a publication whose answer never came.
func (l launch) explain(err error) error {
	if !client.Undecided(err) {
		return err
	}
	var own struct {
		ID string `json:"id"`
	}
	look := "`revere alerts list` shows whether it is there"
	if json.Unmarshal(l.body, &own) == nil && own.ID != "" {
		look = fmt.Sprintf("`revere alerts show %s` shows whether it is there", own.ID)
	}
	var lost *client.Lost
	if errors.As(err, &lost) {
		err = lost.Err
	}
	return undecidedError(fmt.Sprintf("nobody can say whether it was published (%v); %s", err, look))
}

// confirm wants a word typed: one keystroke too many must not wake a state.
func confirm(ctx context.Context, env environment, word string) error {
	_, _ = fmt.Fprintf(env.stderr, "Type %s to send it, anything else to stop: ", word)
	typed := make(chan string, 1)
	go func() { // Ctrl-C must end the waiting, which reading alone would not
		line, _ := bufio.NewReader(env.stdin).ReadString('\n')
		typed <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		env.sayf("")
		return errors.New("interrupted; nothing was sent")
	case line := <-typed:
		if line != word {
			return fmt.Errorf("%s was not typed; nothing was sent", word)
		}
		return nil
	}
}

func publishedText(p api.Published) string {
	code := p.Code
	if code == "" {
		code = "(not given yet)"
	}
	return fmt.Sprintf("code    %s\nkey     %s\nstatus  %s\nwatch   revere alerts watch %s\n", code, p.Key, p.StatusURL, p.Key)
}
