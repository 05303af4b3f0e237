package replies_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/replies"
)

func (w *world) desk() replies.Desk {
	return replies.Desk{Board: w.board, Append: w.ledger.Append, Links: links, Now: func() time.Time { return at }}
}

func TestAnswerForAPerson(t *testing.T) {
	w := newWorld(t)
	key := w.open(clerk, emc)
	sequence, err := w.desk().ForPerson(t.Context(), key, "boston emc", replies.Statement{Response: "2", Note: " by phone ", Via: alerting.ViaCLI, By: "soc"})
	require.NoError(t, err)
	assert.Equal(t, w.board.Reached(), sequence)
	got := w.answer(key, "boston emc")
	assert.Equal(t, [5]string{"2", "Got it too", "by phone", "cli", "soc"}, [5]string{got.Response, got.Label, got.Note, string(got.Via), got.By})
	assert.Nil(t, w.answer(key, "boston clerk"))
	assert.Empty(t, w.notices(key))
	_, err = w.desk().ForPerson(t.Context(), key, "boston clerk", replies.Statement{Response: "ACK", Via: alerting.ViaAPI})
	require.NoError(t, err)
	assert.Empty(t, w.answer(key, "boston clerk").Response)
}

func TestAnswerForALinkCountsForAllWhoShareTheAddress(t *testing.T) {
	w := newWorld(t)
	key := w.open(clerk, emc)
	_, err := w.desk().ForLink(t.Context(), links.Token(key, alerting.NewDeliveryID(key, "sms", clerkPhone)), replies.Statement{Via: alerting.ViaAPI})
	require.NoError(t, err)
	got := w.answer(key, "boston clerk")
	assert.Equal(t, [3]string{"link", "sms", clerkPhone}, [3]string{string(got.Via), got.Channel, got.Address})
	assert.Nil(t, w.answer(key, "boston emc"))
}

func TestAnswersByHandThatAreNotTaken(t *testing.T) {
	w := newWorld(t)
	open, over, withdrawn := w.open(clerk), w.open(clerk), w.open(clerk)
	w.end(over, alerting.Record{Expired: true})
	w.end(withdrawn, alerting.Record{Withdrawn: &alerting.Withdrawn{By: "a9", Type: alerting.TypeCancel}})
	before := len(w.ledger.Written())
	long := strings.Repeat("x", 501)
	tests := map[string]struct {
		key       alerting.Key
		person    string
		statement replies.Statement
		want      string
	}{
		"nobody of that name":  {open, "nobody", replies.Statement{}, alerting.CodeNotFound},
		"no such alert":        {"a99", "boston clerk", replies.Statement{}, alerting.CodeNotFound},
		"over":                 {over, "boston clerk", replies.Statement{}, alerting.CodeClosed},
		"withdrawn":            {withdrawn, "boston clerk", replies.Statement{}, alerting.CodeClosed},
		"response not offered": {open, "boston clerk", replies.Statement{Response: "7"}, alerting.CodeInvalid},
		"long note":            {open, "boston clerk", replies.Statement{Note: long}, alerting.CodeOversized},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := w.desk().ForPerson(t.Context(), test.key, test.person, test.statement)
			assert.Equal(t, test.want, alerting.CodeOf(err), "%v", err)
		})
	}
	_, err := w.desk().ForPerson(t.Context(), open, "nobody", replies.Statement{})
	assert.ErrorContains(t, err, "`revere alerts show a1 --people` lists them")
	_, err = w.desk().ForPerson(t.Context(), open, "boston clerk", replies.Statement{Response: "7", Note: long})
	var all *alerting.Error
	require.ErrorAs(t, err, &all)
	assert.Len(t, all.Problems, 2, "all at once")
	assert.Contains(t, err.Error(), "it takes ack, 1 (On it), 2 (Got it too)")
	assert.NotContains(t, err.Error(), long)

	for _, token := range []string{"", "a1", links.Token("a99", alerting.NewDeliveryID("a99", "sms", clerkPhone)), links.Token(open, alerting.NewDeliveryID(open, "sms", strange))} {
		_, err := w.desk().ForLink(t.Context(), token, replies.Statement{})
		assert.Equal(t, alerting.CodeNotFound, alerting.CodeOf(err))
	}
	assert.Len(t, w.ledger.Written(), before, "nothing was recorded")
}
