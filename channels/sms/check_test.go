package sms_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/channels"
	"revere/channels/sms"
	"revere/integration/twiliosim"
)

const publicURL = "https://alerts.example.gov"

// check runs Check against a Twilio for a service with the given public address.
func check(t *testing.T, twilio *twiliosim.Server, public string, change ...func(*sms.Config)) []channels.Finding {
	t.Helper()
	w := newWorldOn(t, twilio, change...)
	w.twilio.SetInboundURL(publicURL + messagesPath)
	config := valid()
	config.BaseURL = twilio.URL()
	for _, f := range change {
		f(config)
	}
	channel, err := sms.Kind.Open(config, channels.Environment{PublicURL: public, Log: zerolog.Nop()})
	require.NoError(t, err)
	findings := channel.Check(t.Context())
	assert.Empty(t, twilio.Messages(), "nothing is sent")
	return findings
}

func wrong(findings []channels.Finding) []string {
	var found []string
	for _, f := range findings {
		if !f.OK {
			found = append(found, f.Detail)
		}
	}
	return found
}

func TestCheckTellsTheOperator(t *testing.T) {
	findings := check(t, new(twiliosim.Server), publicURL+"/")
	assert.Empty(t, wrong(findings))
	all := fmt.Sprint(findings)
	for _, said := range []string{
		publicURL + "/webhooks/twilio/messages", publicURL + "/webhooks/twilio/status",
		"10DLC", "30034", "toll-free", "1000 people", "16m40s", accountSID, ours,
	} {
		assert.Contains(t, all, said)
	}
	assert.NotContains(t, all, authToken)
}

func TestCheckFinds(t *testing.T) {
	for name, tt := range map[string]struct {
		twilio *twiliosim.Server
		public string
		change func(*sms.Config)
		says   string
	}{
		"wrong token":           {new(twiliosim.Server), publicURL, func(c *sms.Config) { c.AuthToken = "guess" }, "auth_token"},
		"another account":       {new(twiliosim.Server), publicURL, func(c *sms.Config) { c.AccountSID = "AC9" }, "account_sid"},
		"nobody there":          {new(twiliosim.Server), publicURL, func(c *sms.Config) { c.BaseURL = "http://127.0.0.1:1" }, "did not answer"},
		"trial account":         {&twiliosim.Server{Trial: true}, publicURL, nil, "trial"},
		"another's number":      {new(twiliosim.Server), publicURL, func(c *sms.Config) { c.From = "+16175550199" }, "not a number of this Twilio account"},
		"loopback":              {new(twiliosim.Server), "http://127.0.0.1:8080", nil, "can't be reached from the internet"},
		"loopback by name":      {new(twiliosim.Server), "https://localhost", nil, "can't be reached from the internet"},
		"a private network":     {new(twiliosim.Server), "https://10.1.2.3", nil, "can't be reached from the internet"},
		"in the clear":          {new(twiliosim.Server), "http://alerts.example.gov", nil, "not https"},
		"no public address":     {new(twiliosim.Server), "", nil, "not an address"},
		"replies go elsewhere":  {new(twiliosim.Server), "https://other.example.gov", nil, "no acknowledgement will arrive"},
		"something else's list": {new(twiliosim.Server), publicURL, func(c *sms.Config) { c.BaseURL += "/x" }, "base_url"},
	} {
		t.Run(name, func(t *testing.T) {
			change := tt.change
			if change == nil {
				change = func(*sms.Config) {}
			}
			found := wrong(check(t, tt.twilio, tt.public, change))
			require.NotEmpty(t, found)
			assert.Contains(t, strings.Join(found, "\n"), tt.says)
			assert.NotContains(t, strings.Join(found, "\n"), authToken)
		})
	}
}

func TestCheckOfOtherSenders(t *testing.T) {
	for said, change := range map[string]func(*sms.Config){
		"short code 77777":      func(c *sms.Config) { c.From = "77777" },
		"messaging service MG1": func(c *sms.Config) { c.From, c.MessagingServiceSID = "", "MG1" },
	} {
		findings := check(t, new(twiliosim.Server), publicURL, change)
		assert.Empty(t, wrong(findings))
		assert.Contains(t, fmt.Sprint(findings), said)
	}
}
