package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"revere/alerting"
	"revere/alerting/recovery"
	"revere/cmd/revere/client"
)

// A releaseCommand lets messages go that are held after a restore.
type releaseCommand struct {
	caution
	format
}

// Help implements kong.HelpProvider.
func (releaseCommand) Help() string {
	return "A system that was restored from a backup sends nothing until it is released. This shows, alert by alert, what would go out: " +
		"cancel first (`revere alerts cancel`) what must not. Each message is looked at again before it goes.\n\n" +
		example("revere release --dry-run", "revere release")
}

const releaseWord = "RELEASE"

// Run shows what waits, and lets it go when a person says so.
func (cmd *releaseCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	var raw json.RawMessage
	if err := server.Get(ctx, client.Path("hold"), nil, &raw); err != nil {
		return err
	}
	state, err := read[recovery.State](raw)
	if err != nil {
		return err
	}
	if cmd.DryRun || !state.Held {
		return cmd.print(env, raw, func() string { return holdText(env, state) })
	}
	if !cmd.Yes {
		if !env.attended {
			return usagef("messages are released only when a person types %s on a terminal, or with --yes; nothing was sent", releaseWord)
		}
		env.sayf("%s", strings.TrimRight(holdText(env, state), "\n"))
		if err := confirm(ctx, env, releaseWord); err != nil {
			return err
		}
	}
	if err := server.Do(ctx, client.Request{Method: http.MethodPost, Path: client.Path("hold", "release")}, &raw); err != nil {
		return err
	}
	if state, err = read[recovery.State](raw); err != nil {
		return err
	}
	return cmd.print(env, raw, func() string { return releasedText(state) })
}

func releasedText(state recovery.State) string {
	if state.AwaitsRouter {
		return "released; " + alerting.AwaitsRouter + "\n"
	}
	return "released: messages go out from now on\n"
}

func holdText(env environment, state recovery.State) string {
	var b strings.Builder
	switch {
	case state.Held:
		fmt.Fprintf(&b, "HELD since %s: restored from the backup of %s. Nothing is sent.\n", env.clock(state.Since), env.clock(state.Backup))
	case state.Since.IsZero():
		b.WriteString("Nothing is held: messages go out as they come.\n")
	default:
		fmt.Fprintf(&b, "Nothing is held: %s released it at %s.\n", plain(state.By), env.clock(state.Released))
	}
	if state.AwaitsRouter {
		fmt.Fprintf(&b, "NO ROUTER: %s.\n", alerting.AwaitsRouter)
	}
	if len(state.Waiting) == 0 {
		b.WriteString("No message waits.\n")
		return b.String()
	}
	t := newTable("KEY", "CODE", "SEVERITY", "STATUS", "OPENED", "EXPIRES", "DUE", "OF THEM STALE", "IN DOUBT", "EXPIRED", "EVENT")
	due := 0
	for _, w := range state.Waiting {
		due += w.Due
		t.add(string(w.Key), w.Code, string(w.Severity), string(w.Status), w.Opened.In(env.zone).Format("01-02 15:04"), w.Expires.In(env.zone).Format("01-02 15:04"),
			fmt.Sprint(w.Due), fmt.Sprint(w.Stale), fmt.Sprint(w.InDoubt), fmt.Sprint(w.Expired), w.Event)
	}
	b.WriteString(t.String())
	fmt.Fprintf(&b, "%s would go out. In doubt: it may have gone out before, and the provider is asked first where it can be.\n", count(due, "message", "messages"))
	return b.String()
}
