package signal

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"revere/channels"
)

// Check asks the bridge for its version and its accounts, and tells the operator which webhook to
// configure. It stops asking once the bridge can't be reached.
func (c *Channel) Check(ctx context.Context) []channels.Finding {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	findings := []channels.Finding{c.webhookFinding()}
	about, reached := c.checkAbout(ctx)
	findings = append(findings, about...)
	if reached {
		findings = append(findings, c.checkAccount(ctx))
	}
	return findings
}

func (c *Channel) checkAbout(ctx context.Context) (findings []channels.Finding, reached bool) {
	var about struct {
		Versions []string `json:"versions"`
		Mode     string   `json:"mode"`
		Version  string   `json:"version"`
	}
	if finding := c.get(ctx, "/v1/about", &about); finding != nil {
		return []channels.Finding{*finding}, false
	}
	if !slices.Contains(about.Versions, "v2") {
		return []channels.Finding{bad("%s is not signal-cli-rest-api with /v2/send; use a version that has it", c.config.URL)}, false
	}
	findings = append(findings, good("signal-cli-rest-api %s answers at %s", about.Version, c.config.URL))
	// In the other modes the real one has no read loop, and posts nothing to its webhook.
	if !strings.HasPrefix(about.Mode, "json-rpc") {
		findings = append(findings, bad("signal-cli-rest-api runs in mode %q, in which no reply and no receipt reaches Revere; start it with MODE=json-rpc", about.Mode))
	}
	return findings, true
}

func (c *Channel) checkAccount(ctx context.Context) channels.Finding {
	var accounts []string
	if finding := c.get(ctx, "/v1/accounts", &accounts); finding != nil {
		return *finding
	}
	if !slices.Contains(accounts, c.config.Number) {
		return bad("signal-cli-rest-api has no account %s, only %d other(s); register the number with POST /v1/register/%s, or mend channels.signal.number", c.config.Number, len(accounts), c.config.Number)
	}
	return good("signal-cli-rest-api has the account %s", c.config.Number)
}

// get reads one of the bridge's JSON answers, or returns the finding that says why it can't.
func (c *Channel) get(ctx context.Context, path string, into any) *channels.Finding {
	a, err := c.call(ctx, http.MethodGet, path, nil)
	var finding channels.Finding
	switch {
	case err != nil:
		finding = bad("signal-cli-rest-api does not answer at %s: %s; see that it runs and that channels.signal.url is its address", c.config.URL, plain(err))
	case a.status != http.StatusOK:
		finding = bad("%s answers %s with status %d; see that channels.signal.url is the address of signal-cli-rest-api and needs no login", c.config.URL, path, a.status)
	case json.Unmarshal(a.body, into) != nil:
		finding = bad("%s answers %s with something other than signal-cli-rest-api would; see that channels.signal.url is its address", c.config.URL, path)
	default:
		return nil
	}
	return &finding
}

// webhookFinding shows the address to configure, with the token masked: findings are printed.
func (c *Channel) webhookFinding() channels.Finding {
	if n := len(c.config.WebhookToken); n < minToken {
		return bad("channels.signal.webhook_token has %d characters: whoever guesses it can acknowledge for others; give %d random letters and digits or more", n, minToken)
	}
	return good("replies and receipts come in where signal-cli-rest-api has RECEIVE_WEBHOOK_URL=%s%s********, with channels.signal.webhook_token in place of the stars", c.env.PublicURL, webhookPath)
}

func good(format string, args ...any) channels.Finding {
	return channels.Finding{OK: true, Detail: fmt.Sprintf(format, args...)}
}

func bad(format string, args ...any) channels.Finding {
	return channels.Finding{Detail: fmt.Sprintf(format, args...)}
}
