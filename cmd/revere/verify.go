package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"revere/alerting/audit"
	"revere/cmd/revere/client"
)

// A verifyCommand proves that an alert's records agree.
type verifyCommand struct {
	ID         string `arg:"" placeholder:"ID" help:"The alert's key, its producer's id, or the code of an open one."`
	NoProvider bool   `help:"Don't ask the providers what they have."`
	format
}

// Help implements kong.HelpProvider.
func (verifyCommand) Help() string {
	return "Holds the manifest, the ledger read anew, what is shown and what the provider has against each other, and names every difference. " +
		"Exit status 0: all agree. Mail and Signal can't be asked.\n\n" + example("revere verify a17", "revere verify a17 --no-provider --json")
}

// Run verifies, and fails where anything differs.
func (cmd *verifyCommand) Run(ctx context.Context, env environment, server *client.Client) error {
	query := url.Values{}
	if cmd.NoProvider {
		query.Set("provider", "false")
	}
	var raw json.RawMessage
	if err := server.Do(ctx, client.Request{Path: client.Path("alerts", cmd.ID, "verification"), Query: query, Import: true}, &raw); err != nil {
		return err
	}
	report, err := read[audit.Report](raw)
	if err != nil {
		return err
	}
	if err := cmd.print(env, raw, func() string { return reportText(report) }); err != nil {
		return err
	}
	switch {
	case len(report.Differences) > 0:
		return fmt.Errorf("alert %s does not agree with itself: %s", report.Alert, count(len(report.Differences), "difference", "differences"))
	case !report.Agrees:
		return fmt.Errorf("not everything about alert %s could be verified", report.Alert)
	}
	return nil
}

func reportText(r audit.Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "alert %s (%s): %s of the ledger up to %d, %s, %s, %s\n", r.Alert, r.Code, count(r.Records, "record", "records"), r.Ledger,
		count(r.Manifests, "manifest", "manifests"), count(r.Deliveries, "delivery", "deliveries"), count(r.Attempts, "attempt", "attempts"))
	for _, p := range r.Providers {
		words := map[string]string{
			audit.Asked: "asked about " + count(p.Addresses, "address", "addresses"), audit.NotAsked: "not asked", audit.Mute: "can't be asked",
			audit.Off: "off", audit.Failed: "could not be asked",
		}[p.Answer]
		if p.Detail != "" {
			words += ": " + p.Detail
		}
		fmt.Fprintf(&b, "%-9s %s\n", p.Channel, plain(words))
	}
	if r.Agrees {
		b.WriteString("all agree\n")
		return b.String()
	}
	for _, d := range r.Differences {
		at := strings.TrimSpace(d.Channel + " " + d.Address)
		if d.Sequence > 0 {
			at = strings.TrimSpace(fmt.Sprintf("%s ledger %d", at, d.Sequence))
		}
		fmt.Fprintf(&b, "DIFFERS  %-15s %s: %s\n", d.Kind, plain(at), plain(d.Detail))
	}
	return b.String()
}
