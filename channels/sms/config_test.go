package sms_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/channels"
	"revere/channels/sms"
)

func valid() *sms.Config {
	c := sms.Kind.Defaults().(*sms.Config)
	c.AccountSID, c.AuthToken, c.From = accountSID, authToken, ours
	return c
}

func problems(c channels.Config) map[string]string {
	found := map[string]string{}
	c.Validate(func(key, detail string) { found[key] = detail })
	return found
}

func TestDefaults(t *testing.T) {
	c := sms.Kind.Defaults().(*sms.Config)
	assert.False(t, c.On(), "a channel that nobody configured is off")
	assert.Equal(t, "https://api.twilio.com", c.BaseURL)
	assert.EqualValues(t, 1, c.Rate, "Twilio's own queue would undo urgency")
	assert.Equal(t, 32, c.Concurrency)
	assert.Equal(t, 15*time.Second, c.Timeout)
	assert.Equal(t, 30*time.Second, c.AskAfter, "less than the time that the first contact has")
	assert.Empty(t, problems(valid()))
}

func TestEachKeyTurnsTheChannelOn(t *testing.T) {
	for _, c := range []sms.Config{{AccountSID: "AC1"}, {AuthToken: "x"}, {From: ours}, {MessagingServiceSID: "MG1"}} {
		assert.True(t, c.On(), "%+v", c)
	}
}

func TestValidate(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*sms.Config)
		keys   []string
	}{
		"nothing given":               {func(c *sms.Config) { *c = sms.Config{AuthToken: " "} }, []string{"account_sid", "auth_token", "from", "rate", "concurrency", "timeout", "reconcile_after", "ask_after"}},
		"SID of something else":       {func(c *sms.Config) { c.AccountSID = "SK1" }, []string{"account_sid"}},
		"token with a line break":     {func(c *sms.Config) { c.AuthToken += "\n" }, []string{"auth_token"}},
		"from in national form":       {func(c *sms.Config) { c.From = "617-555-0100" }, []string{"from"}},
		"from is a name":              {func(c *sms.Config) { c.From = "MASTATE" }, []string{"from"}},
		"from is a short code":        {func(c *sms.Config) { c.From = "77777" }, nil},
		"service alone":               {func(c *sms.Config) { c.From, c.MessagingServiceSID = "", "MG1" }, nil},
		"service is not one":          {func(c *sms.Config) { c.MessagingServiceSID = "PN1" }, []string{"messaging_service_sid"}},
		"empty address is Twilio":     {func(c *sms.Config) { c.BaseURL = "" }, nil},
		"stand-in on loopback":        {func(c *sms.Config) { c.BaseURL = "http://127.0.0.1:8082" }, nil},
		"token in the clear":          {func(c *sms.Config) { c.BaseURL = "http://twilio.example" }, []string{"base_url"}},
		"no scheme":                   {func(c *sms.Config) { c.BaseURL = "api.twilio.com" }, []string{"base_url"}},
		"not an address":              {func(c *sms.Config) { c.BaseURL = "https://%zz" }, []string{"base_url"}},
		"address with a query":        {func(c *sms.Config) { c.BaseURL = "https://x.example/?a=1" }, []string{"base_url"}},
		"address with credentials":    {func(c *sms.Config) { c.BaseURL = "https://a:b@x.example" }, []string{"base_url"}},
		"rate of nothing":             {func(c *sms.Config) { c.Rate = 0 }, []string{"rate"}},
		"rate is no number":           {func(c *sms.Config) { c.Rate = math.NaN() }, []string{"rate"}},
		"far too many at once":        {func(c *sms.Config) { c.Concurrency = 501 }, []string{"concurrency"}},
		"impatient":                   {func(c *sms.Config) { c.Timeout = time.Millisecond }, []string{"timeout"}},
		"asks at once":                {func(c *sms.Config) { c.AskAfter = 0 }, []string{"ask_after"}},
		"asks too late for a receipt": {func(c *sms.Config) { c.AskAfter = time.Hour }, []string{"ask_after"}},
		"asks too late":               {func(c *sms.Config) { c.ReconcileAfter = time.Hour }, []string{"reconcile_after"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := valid()
			tt.change(c)
			found := problems(c)
			var keys []string
			for key, detail := range found {
				keys = append(keys, key)
				assert.NotContains(t, detail, authToken)
				assert.NotEmpty(t, detail)
			}
			assert.ElementsMatch(t, tt.keys, keys)
		})
	}
}

func TestOpenRefusesAnotherChannelsConfiguration(t *testing.T) {
	_, err := sms.Kind.Open(nil, channels.Environment{})
	require.Error(t, err)
}

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"+16175550123":      "+16175550123",
		"617-555-0123":      "+16175550123",
		"(617) 555‑0123":    "+16175550123",
		"1 617 555 0123":    "+16175550123",
		" 617.555.0123 ":    "+16175550123",
		"+1 555 555 0123":   "+15555550123", // fiction
		"+44 20 7946 0123":  "+442079460123",
		"+44 7700 900123":   "+447700900123", // fiction
		"011 44 2079460123": "+442079460123",
	} {
		got, err := sms.Kind.ParseAddress(in)
		require.NoError(t, err, "%q", in)
		assert.Equal(t, want, got, "%q", in)
	}
	for in, says := range map[string]string{
		"":                     "not a phone number",
		"n/a":                  "letters",
		"clerk@boston.gov":     "letters",
		"1-800-FLOWERS":        "letters",
		"555-0123":             "too short",
		"+1617555012":          "too short",
		"+161755501234":        "too long",
		"+1 117 555 0123":      "North American",
		"+1 617 155 0123":      "North American",
		"+999 1234 5678":       "not a phone number",
		"617-555-0123 ext. 5":  "letters",
		"617-555-0123;ext=5":   "letters",
		"617-555-0123 # 5":     "extension",
		"77777":                "too short",
		"6175550123,617555012": "",
	} {
		got, err := sms.Kind.ParseAddress(in)
		require.Error(t, err, "%q became %q", in, got)
		assert.Contains(t, err.Error(), says, "%q", in)
	}
}

func FuzzParseAddress(f *testing.F) {
	for _, s := range []string{"+16175550123", "617-555-0123", "", "+", "００１", "+44 20 7946 0123", "tel:+1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := sms.Kind.ParseAddress(s)
		if err != nil {
			assert.Empty(t, got)
			return
		}
		assert.Regexp(t, `^\+[1-9][0-9]{4,16}$`, got)
		again, err := sms.Kind.ParseAddress(got)
		require.NoError(t, err, "%q became %q", s, got)
		assert.Equal(t, got, again, "one address has one form")
		assert.False(t, strings.ContainsAny(got, " \r\n"))
	})
}
