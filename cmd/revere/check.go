package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/fanout"
	"revere/alerting/recovery"
	"revere/channels"
	"revere/cmd/revere/client"
	"revere/cmd/service"
)

// runCheck prints what was found, and fails when something must be mended.
func runCheck(ctx context.Context, env environment, to connection, cmd checkCommand) error {
	c, err := loadConfig(env, to)
	if err != nil {
		return err
	}
	findings := append(service.Check(ctx, c, kinds), largestAudience(ctx, env, to))
	findings = append(findings, whetherHeld(ctx, env, to)...)
	findings = append(findings, stragglers(ctx, env, to)...)
	raw, err := json.Marshal(findings)
	if err != nil {
		return err
	}
	if err := cmd.print(env, raw, func() string { return findingLines(findings) }); err != nil {
		return err
	}
	for _, f := range findings {
		if !f.OK {
			return errors.New("the configuration is not ready; mend what is marked FAIL")
		}
	}
	return nil
}

func findingLines(findings []service.Checked) string {
	var b strings.Builder
	for _, f := range findings {
		mark := "ok  "
		switch {
		case !f.OK:
			mark = "FAIL"
		case f.Note:
			mark = "note"
		}
		fmt.Fprintf(&b, "%s  %-11s %s\n", mark, f.About, f.Detail)
	}
	return b.String()
}

// largestAudience asks the running service how long an alert to everybody would take.
func largestAudience(ctx context.Context, env environment, to connection) service.Checked {
	finding := func(format string, args ...any) service.Checked {
		return service.Checked{About: "audience", Finding: channels.Finding{OK: true, Detail: fmt.Sprintf(format, args...)}}
	}
	api, err := to.client(env)
	if err != nil {
		return finding("how long the largest audience takes is told while the service runs here")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var answer struct {
		Preview fanout.Preview `json:"preview"`
	}
	body := []byte(`{"sender":"check","status":"test","event":"check","headline":"check","urgency":"unknown","severity":"severe","certainty":"unknown","areas":["us"]}`)
	err = api.Do(ctx, client.Request{Method: http.MethodPost, Path: client.Path("alerts"), Query: url.Values{"dry_run": {"true"}}, Body: body}, &answer)
	if err != nil {
		return finding("how long the largest audience takes is told while the service runs (%v)", err)
	}
	p := answer.Preview
	return finding("an alert to everybody reaches %s in %s; its last message goes out after %s", reached(p), count(len(p.Jurisdictions), "jurisdiction", "jurisdictions"), p.LastMessage.Round(time.Second))
}

// whetherHeld asks the running service whether it sends. It says nothing where all is as usual, or no
// service runs.
func whetherHeld(ctx context.Context, env environment, to connection) []service.Checked {
	api, err := to.client(env)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var state recovery.State
	if err := api.Get(ctx, client.Path("hold"), nil, &state); err != nil {
		return nil
	}
	return holdFindings(env, state)
}

func holdFindings(env environment, state recovery.State) (findings []service.Checked) {
	if state.Held {
		findings = append(findings, service.Checked{About: "held", Finding: channels.Finding{
			Detail: fmt.Sprintf("the system was restored from the backup of %s and sends nothing; `revere release` shows what waits, and lets it go", env.clock(state.Backup)),
		}})
	}
	if state.AwaitsRouter {
		findings = append(findings, service.Checked{About: "router", Finding: channels.Finding{Detail: alerting.AwaitsRouter}})
	}
	return findings
}

// stragglers asks the running service which servers of its NATS cluster don't keep up. It says nothing
// where all do, or no service runs.
func stragglers(ctx context.Context, env environment, to connection) (findings []service.Checked) {
	server, err := to.client(env)
	if err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	var health api.Health
	if err := server.Get(ctx, "/readyz", nil, &health); err != nil {
		return nil
	}
	for _, x := range health.Stragglers {
		findings = append(findings, service.Checked{About: "nats", Finding: channels.Finding{Detail: x.Advice}})
	}
	return findings
}
