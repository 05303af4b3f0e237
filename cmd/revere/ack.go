package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"revere/alerting"
	"revere/alerting/api"
	"revere/cmd/revere/client"
)

// An ackCommand records an answer that came some other way, such as by phone.
type ackCommand struct {
	ID         string `arg:"" help:"The alert's key, its own id, or the code of an open one."`
	Subscriber string `arg:"" help:"Id of the subscriber who has acknowledged."`
	Response   string `placeholder:"KEY" help:"Which of the alert's responses it was (else a plain ACK)."`
	Note       string `placeholder:"TEXT" help:"What was said."`
	format
}

// Help implements kong.HelpProvider.
func (ackCommand) Help() string {
	return example("revere ack a12 boston-clerk", `revere ack a12 boston-clerk --response 2 --note "called back at 07:20"`)
}

// Run records.
func (cmd *ackCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	body, err := json.Marshal(map[string]any{"subscriber": cmd.Subscriber, "response": cmd.Response, "note": cmd.Note, "via": alerting.ViaCLI})
	if err != nil {
		return err
	}
	var raw json.RawMessage
	err = server.Do(ctx, client.Request{Method: http.MethodPost, Path: client.Path("alerts", cmd.ID, "acknowledgements"), Body: body}, &raw)
	if err != nil {
		return err
	}
	done, err := read[api.Acknowledged](raw)
	if err != nil {
		return err
	}
	return cmd.print(env, raw, func() string {
		return fmt.Sprintf("recorded for %s, alert %s: %s\n", plain(done.Answer.Name), plain(cmd.ID), answerText(&done.Answer))
	})
}
