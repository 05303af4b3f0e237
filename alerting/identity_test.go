package alerting_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

func TestContentHashIsTheSameForTheSameContent(t *testing.T) {
	const original = `{"id": "1", "sender": "a@b", "event": "x", "areas": ["ma.boston"], "n": {"b": 1, "a": [1, 2]}}`
	for name, again := range map[string]string{
		"another order of fields":    `{"n": {"a": [1, 2], "b": 1}, "event": "x", "areas": ["ma.boston"], "sender": "a@b", "id": "1"}`,
		"other white space":          "{\n\t\"id\":\"1\",\"sender\":\"a@b\",\"event\":\"x\",\"areas\":[\"ma.boston\"],\"n\":{\"b\":1,\"a\":[1,2]}}",
		"another area":               `{"id": "1", "sender": "a@b", "event": "x", "areas": ["ma.salem"], "n": {"b": 1, "a": [1, 2]}}`,
		"no areas":                   `{"id": "1", "sender": "a@b", "event": "x", "n": {"b": 1, "a": [1, 2]}}`,
		"an escape":                  `{"id": "1", "sender": "a\u0040b", "event": "x", "areas": ["ma.boston"], "n": {"b": 1, "a": [1, 2]}}`,
		"null where nothing is said": `{"id": "1", "sender": "a@b", "event": "x", "web": null, "n": {"b": 1, "a": [1, 2]}}`,
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, contentHash(t, original), contentHash(t, again)) })
	}
}

func TestContentHashTellsOtherContentApart(t *testing.T) {
	const original = `{"id": "1", "sender": "a@b", "event": "x", "n": {"b": 1, "a": [1, 2]}, "big": 10000000000000001}`
	for name, other := range map[string]string{
		"another value":             `{"id": "1", "sender": "a@b", "event": "y", "n": {"b": 1, "a": [1, 2]}, "big": 10000000000000001}`,
		"case":                      `{"id": "1", "sender": "a@b", "event": "X", "n": {"b": 1, "a": [1, 2]}, "big": 10000000000000001}`,
		"white space within a text": `{"id": "1", "sender": "a@b", "event": "x ", "n": {"b": 1, "a": [1, 2]}, "big": 10000000000000001}`,
		"the order of a list":       `{"id": "1", "sender": "a@b", "event": "x", "n": {"b": 1, "a": [2, 1]}, "big": 10000000000000001}`,
		"a field more":              `{"id": "1", "sender": "a@b", "event": "x", "n": {"b": 1, "a": [1, 2]}, "big": 10000000000000001, "web": ""}`,
		"the last digit":            `{"id": "1", "sender": "a@b", "event": "x", "n": {"b": 1, "a": [1, 2]}, "big": 10000000000000002}`,
	} {
		t.Run(name, func(t *testing.T) { assert.NotEqual(t, contentHash(t, original), contentHash(t, other)) })
	}
}

func contentHash(t *testing.T, raw string) string {
	t.Helper()
	hash, err := alerting.ContentHash([]byte(raw))
	require.NoError(t, err)
	return hash
}

func TestContentHashOfWhatIsNoObject(t *testing.T) {
	_, err := alerting.ContentHash([]byte("[]"))
	assert.Equal(t, alerting.CodeMalformed, alerting.CodeOf(err))
}

func TestIdentityIsAllThreeOfProducerSenderAndID(t *testing.T) {
	base := alerting.Identity{Producer: "state", Sender: "soc@ma", ID: "1"}
	assert.Equal(t, base.Hash(), alerting.Identity{Producer: "state", Sender: "soc@ma", ID: "1"}.Hash())
	assert.Regexp(t, `^[0-9a-f]{32}$`, base.Hash(), "an id never becomes a raw subject token")
	for _, other := range []alerting.Identity{
		{Producer: "county", Sender: "soc@ma", ID: "1"},
		{Producer: "state", Sender: "soc@nh", ID: "1"},
		{Producer: "state", Sender: "soc@ma", ID: "2"},
		{Producer: "statesoc@ma", Sender: "", ID: "1"},
		{Producer: "state", Sender: "soc@ma1", ID: ""},
	} {
		assert.NotEqual(t, base.Hash(), other.Hash(), "%+v", other)
	}
}
