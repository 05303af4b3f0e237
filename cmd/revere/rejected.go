package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/fanout"
	"revere/cmd/revere/client"
)

// rejectedCommands see to messages that were not taken.
type rejectedCommands struct {
	List   rejectedListCommand   `cmd:"" help:"List messages that were not taken, the newest first."`
	Show   rejectedShowCommand   `cmd:"" help:"Show one of them, and why."`
	Replay rejectedReplayCommand `cmd:"" help:"Publish one again, byte for byte."`
}

// Help implements kong.HelpProvider.
func (rejectedCommands) Help() string {
	return example("revere rejected list", "revere rejected show a17", "revere rejected replay a17")
}

// A rejectedListCommand lists rejections.
type rejectedListCommand struct {
	format
}

// Help implements kong.HelpProvider.
func (rejectedListCommand) Help() string { return example("revere rejected list") }

// Run lists.
func (cmd *rejectedListCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	raw, found, err := list[alerting.Rejection](ctx, server, client.Path("rejected"), filters(), 0)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string { return rejectedTable(env, found) })
}

func rejectedTable(env environment, found []alerting.Rejection) string {
	if len(found) == 0 {
		return "nothing was rejected\n"
	}
	t := newTable("KEY", "RECEIVED", "PRODUCER", "SUBJECT", "REPLAYED", "REASON", "DETAIL")
	for _, r := range found {
		detail := r.Detail
		if len(r.Problems) > 0 {
			detail = r.Problems[0].Detail // what is wrong, not only that something is
		}
		t.add(string(r.Key), r.Received.In(env.zone).Format("01-02 15:04:05"), r.Producer, r.Subject, string(r.ReplayedAs), r.Reason, detail)
	}
	return t.String()
}

// A rejectedShowCommand shows one rejection.
type rejectedShowCommand struct {
	Key string `arg:"" help:"The message's key, as the list shows it."`
	Raw bool   `help:"Print the message itself, byte for byte, and nothing else."`
	format
}

// Help implements kong.HelpProvider.
func (rejectedShowCommand) Help() string {
	return example("revere rejected show a17", "revere rejected show a17 --raw > alert.json")
}

// Run shows.
func (cmd *rejectedShowCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	var raw json.RawMessage
	if err := server.Get(ctx, client.Path("rejected", cmd.Key), nil, &raw); err != nil {
		return err
	}
	r, err := read[api.RejectedMessage](raw)
	if err != nil {
		return err
	}
	if cmd.Raw {
		_, err := env.stdout.Write(r.Base64)
		return err
	}
	return cmd.print(env, raw, func() string { return rejectionText(env, r) })
}

func rejectionText(env environment, r api.RejectedMessage) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-9s %s\n", name, plain(fmt.Sprintf(format, args...)))
	}
	line("key", "%s", r.Key)
	line("subject", "%s", r.Subject)
	line("producer", "%s", r.Producer)
	line("received", "%s", env.clock(r.Received))
	line("bytes", "%d", r.Bytes)
	if r.ReplayedAs != "" {
		line("replayed", "as %s", r.ReplayedAs)
	}
	line("reason", "%s: %s", r.Reason, r.Detail)
	for _, p := range r.Problems {
		line("", "%s", client.Line(p))
	}
	fmt.Fprintf(&b, "\n%s\n", plainLines(strings.ToValidUTF8(string(r.Base64), "\uFFFD")))
	return b.String()
}

// A rejectedReplayCommand replays one rejection.
type rejectedReplayCommand struct {
	Key string `arg:"" help:"The message's key, as the list shows it."`
	format
}

// Help implements kong.HelpProvider.
func (rejectedReplayCommand) Help() string {
	return "For when the cause is gone, such as an area that was imported since.\n\n" + example("revere rejected replay a17")
}

// Run replays.
func (cmd *rejectedReplayCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	var raw json.RawMessage
	err := server.Do(ctx, client.Request{Method: http.MethodPost, Path: client.Path("rejected", cmd.Key, "replay")}, &raw)
	if err != nil {
		return err
	}
	answer, err := read[api.Replayed](raw)
	if err != nil {
		return err
	}
	if answer.Verdict == alerting.VerdictRejected {
		return &client.Problem{Detail: fmt.Sprintf("it was published again as %s and not taken again: %s", answer.Key, answer.Detail), Code: answer.Reason, Errors: answer.Problems}
	}
	return cmd.print(env, raw, func() string {
		if answer.Verdict == fanout.VerdictPending {
			return fmt.Sprintf("published again as %s, not judged yet: `revere alerts list` will show it, or `revere rejected list`\n", answer.Key)
		}
		return fmt.Sprintf("published again and taken: alert %s, code %s\n", answer.Alert, answer.Code)
	})
}
