package channelstest

import (
	"context"
	"strings"
	"testing"

	"revere/channels"
)

func checkTells(tb testing.TB, h Harness) {
	f := h.Open(tb)
	if findings := check(tb, h, f); len(findings) == 0 {
		tb.Errorf("Check found nothing to say; tell the operator at least that the credentials work")
	}
	if took := f.Taken(h.Valid); took != 0 {
		tb.Errorf("Check made the provider take %d messages; it must send nothing", took)
	}
}

func checkFindsWrongCredentials(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.WrongCredentials != nil, "WrongCredentials knob")
	f.WrongCredentials()
	if allGood(check(tb, h, f)) {
		tb.Errorf("the provider refuses the account and every finding of Check is OK; ask the provider with the configured credentials")
	}
}

func checkFindsDown(tb testing.TB, h Harness) {
	f := h.Open(tb)
	need(tb, f.Down != nil, "Down knob")
	f.Down()
	if allGood(check(tb, h, f)) {
		tb.Errorf("the provider is down and every finding of Check is OK; a provider that can't be reached is a finding that is not OK")
	}
}

func check(tb testing.TB, h Harness, f *Fixture) []channels.Finding {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), ample)
	defer cancel()
	findings := f.Channel.Check(ctx)
	for _, finding := range findings {
		if strings.TrimSpace(finding.Detail) == "" {
			tb.Errorf("a finding of Check has no Detail; write a sentence for the operator")
		}
		if leaksSecret(h, finding.Detail) {
			tb.Errorf("a secret is in a finding of Check, which is printed; mask it")
		}
	}
	return findings
}

func allGood(findings []channels.Finding) bool {
	for _, finding := range findings {
		if !finding.OK {
			return false
		}
	}
	return true
}
