package replies_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/replies"
)

var (
	links = replies.Links{Secret: []byte("the installation's secret"), PublicURL: "https://revere.example"}
	mine  = alerting.NewDeliveryID("a1", "sms", clerkPhone)
)

func TestLinkLeadsBackToItsDelivery(t *testing.T) {
	token, ok := strings.CutPrefix(links.URL("a1", mine), "https://revere.example/a/")
	require.True(t, ok)
	assert.Regexp(t, `^[A-Za-z0-9_-]+$`, token)
	key, delivery, err := links.Parse(token)
	require.NoError(t, err)
	assert.EqualValues(t, "a1", key)
	assert.Equal(t, mine, delivery)
}

func TestLinkThatWeDidNotMakeIsRefused(t *testing.T) {
	token := links.Token("a1", mine)
	other := alerting.NewDeliveryID("a1", "sms", otherPhone)
	stolen := links.Token("a1", other)
	for i := range token { // one character other
		changed := []byte(token)
		changed[i] = 'A'
		if changed[i] == token[i] {
			changed[i] = 'B'
		}
		_, _, err := links.Parse(string(changed))
		assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err), "character %d", i)
	}
	for name, bad := range map[string]string{
		"empty": "", "cut": token[:len(token)-1], "longer": token + "A", "of another alert": "a2" + token[2:],
		"another's proof": token[:len(token)-16] + stolen[len(stolen)-16:],
		"another secret":  replies.Links{Secret: []byte("another")}.Token("a1", mine),
	} {
		_, _, err := links.Parse(bad)
		assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err), name)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(links.Token("a1", mine))
	f.Add("a1-AAAA")
	f.Add("--")
	f.Fuzz(func(t *testing.T, token string) {
		key, delivery, err := links.Parse(token)
		if err != nil {
			assert.Empty(t, key)
			assert.Zero(t, delivery)
			return
		}
		assert.Equal(t, token, links.Token(key, delivery), "what is read is what was made")
	})
}
