package api_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/alerting/tracking"
)

const form = "Content-Type: application/x-www-form-urlencoded"

// linkOf publishes an alert to the clerk and returns the path of the clerk's link.
func (r *rig) linkOf(fields map[string]any) (path string, key alerting.Key) {
	r.t.Helper()
	key = r.publish("state", fields).Key
	return r.pathOf(key), key
}

func (r *rig) pathOf(key alerting.Key) string {
	return "/a/" + r.links.Token(key, alerting.NewDeliveryID(key, "sms", "+16175550123"))
}

func (r *rig) answerOf(key alerting.Key) *tracking.AnswerView {
	person, ok := r.board.PersonOf(key, "clerk")
	require.True(r.t, ok)
	return person.Answered
}

var tags = regexp.MustCompile(`<style>[^<]*</style>|<[^>]*>`)

// words is what a page says.
func words(page string) string {
	text := tags.ReplaceAllString(page[strings.Index(page, "<body"):], " ")
	return strings.Join(strings.Fields(text), " ")
}

func TestLinkGetOnlyShows(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	path, key := r.linkOf(map[string]any{"headline": "Phishing <script>"})
	page := ""
	for _, method := range []string{"HEAD", "GET", "GET"} {
		a := r.must(200, "", method, path, "")
		page = a.text
		require.Equal(t, "no-store", a.Header.Get("Cache-Control"))
		require.Equal(t, "no-referrer", a.Header.Get("Referrer-Policy"))
		require.Contains(t, a.Header.Get("X-Robots-Tag"), "noindex")
		require.Contains(t, a.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
	require.Nil(t, r.answerOf(key), "looking is not acknowledging")

	text := words(page)
	require.True(t, strings.HasPrefix(text, "EXERCISE") && strings.HasSuffix(text, "EXERCISE"), text)
	head, _ := r.board.Head(key)
	zone, err := time.LoadLocation("America/New_York")
	require.NoError(t, err)
	for _, part := range []string{
		"SEVERE, Boston", "Phishing &lt;script&gt;", "Do not open invoice mail.", head.Alert.Expires.In(zone).Format("Mon 2 Jan 2006, 15:04 MST"),
		"ANSWER FOR Boston Clerk", "Acknowledge", "Got it too", head.Code, "617", "MA State SOC",
	} {
		require.Contains(t, text, part)
	}
	require.NotContains(t, page, "http", "the page needs nothing from anywhere")
}

func TestLinkPostAcknowledges(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	path, key := r.linkOf(map[string]any{"status": "actual"})

	a := r.must(200, "", "POST", path, url.Values{"response": {"ack"}}.Encode(), form)
	require.Contains(t, words(a.text), "Acknowledged, ")
	require.NotContains(t, a.text, "EXERCISE")
	first := r.answerOf(key)
	require.Equal(t, alerting.ViaLink, first.Via)

	sequence := r.board.Reached()
	r.must(200, "", "POST", path, url.Values{"response": {"ack"}}.Encode(), form)
	require.Equal(t, sequence, r.board.Reached(), "a second tap is no news")
	require.Contains(t, words(r.must(200, "", "GET", path, "").text), "by Boston Clerk. It counts for Boston Clerk. ")

	a = r.must(200, "", "POST", path, url.Values{"response": {"2"}, "note": {"calling"}}.Encode(), form)
	require.Contains(t, words(a.text), "Acknowledged: Got it too, ")
	require.Equal(t, "calling", r.answerOf(key).Note)

	a = r.must(422, "", "POST", path, url.Values{"response": {"9"}}.Encode(), form)
	require.Contains(t, words(a.text), "Not recorded: ")
	require.Contains(t, a.text, "<form", "there is another try")
	r.must(413, "", "POST", path, url.Values{"note": {strings.Repeat("x", 20<<10)}}.Encode(), form)

	var done api.LinkAnswer
	r.must(200, "", "POST", path, `{"response":"ack","note":"by program"}`).into(t, &done)
	require.Equal(t, "by program", done.Answer.Note)
	require.NotZero(t, done.Sequence)
	r.refused(400, "malformed", "", "POST", path, `{"response":`)
	r.refused(422, "invalid", "", "POST", path, `{"response":"9"}`)
}

// Who reacts to the message and then taps the link has said it twice: taking the reaction back leaves the tap.
func TestALinkStandsWhenTheReactionBeforeItIsTakenBack(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	path, key := r.linkOf(nil)
	reaction := alerting.Answer{Recipients: []uint32{0}, Channel: "signal", Address: "+16175550123", Via: alerting.ViaReaction}
	r.append(alerting.Record{Alert: key, At: time.Now(), Answers: []alerting.Answer{reaction}})
	r.must(200, "", "POST", path, "response=ack", form)
	reaction.Retracted = true
	r.append(alerting.Record{Alert: key, At: time.Now(), Answers: []alerting.Answer{reaction}})
	require.NotNil(t, r.answerOf(key))
	require.Equal(t, alerting.ViaLink, r.answerOf(key).Via)
}

// A desk's link answers for all who share it: what one of them has said otherwise is not passed over since another
// has said the same.
func TestALinkIsRecordedWhereOneOfThoseBehindItHasSaidSomethingElse(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	r.subscribe("deputy", "Deputy Clerk", "+16175550123", "ma.boston")
	path, key := r.linkOf(nil)
	for i, response := range []string{"2", ""} {
		r.append(alerting.Record{Alert: key, At: time.Now(), Answers: []alerting.Answer{{Recipients: []uint32{uint32(i)}, Response: response, Via: alerting.ViaAPI}}})
	}
	r.must(200, "", "POST", path, "response=2", form)
	deputy, ok := r.board.PersonOf(key, "deputy")
	require.True(t, ok)
	require.Equal(t, "2", deputy.Answered.Response)
	sequence := r.board.Reached()
	r.must(200, "", "POST", path, "response=2", form)
	require.Equal(t, sequence, r.board.Reached(), "now it is what both have said")
}

func TestLinksThatTakeNoAnswer(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	withdrawn, withdrawnKey := r.linkOf(map[string]any{"id": "w"})
	r.append(alerting.Record{Alert: withdrawnKey, At: time.Now(), Attempts: []alerting.Attempt{{Delivery: 0, Attempt: 1}}})
	var cancel api.Published
	r.must(202, "state", "POST", "/api/v1/alerts/w/cancel", "").into(t, &cancel)
	updated, _ := r.linkOf(map[string]any{"id": "u"})
	var update api.Published
	r.must(202, "state", "POST", "/api/v1/alerts/u/update", "").into(t, &update)
	expired, expiredKey := r.linkOf(map[string]any{"id": "e"})
	r.append(alerting.Record{Alert: expiredKey, At: time.Now(), Expired: true})

	for path, want := range map[string]string{
		withdrawn: "This alert was withdrawn. Take no action.", updated: "the newer message, " + update.Code, expired: "This alert is over.",
	} {
		before := r.board.Reached()
		for _, a := range []answer{r.must(410, "", "GET", path, ""), r.must(410, "", "POST", path, "response=ack", form)} {
			require.Contains(t, words(a.text), want)
			require.NotContains(t, a.text, "<form")
		}
		r.refused(409, "closed", "", "POST", path, `{}`)
		require.Equal(t, before, r.board.Reached(), "nothing was recorded")
	}

	page := words(r.must(200, "", "GET", r.pathOf(cancel.Key), "").text)
	require.Contains(t, page, "FALSE ALARM. MA State SOC withdraws this alert.")
	require.Contains(t, page, "Take no action.")
	require.NotContains(t, page, "Do not open invoice mail.", "what was withdrawn must not look like news")

	for _, token := range []string{"x", "a1-AAAA", withdrawn[3:len(withdrawn)-1] + "!", strings.Repeat("a", 3000)} {
		require.Contains(t, r.must(404, "", "GET", "/a/"+token, "").text, "This link is not valid")
		require.Contains(t, r.must(404, "", "POST", "/a/"+token, "response=ack", form).text, "This link is not valid")
	}
	r.refused(404, "not_found", "", "POST", "/a/x", "{}")
	require.NotContains(t, r.log.String(), withdrawn[3:], "a link's token is a secret")
}

func TestLinkSaysThatItIsNoExercise(t *testing.T) {
	r := newRig(t)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	actual, _ := r.linkOf(map[string]any{"status": "actual"})
	require.NotContains(t, r.must(200, "", "GET", actual, "").text, "REAL, NOT EXERCISE")
	r.publish("state", map[string]any{"status": "exercise", "id": "x"})
	require.Contains(t, r.must(200, "", "GET", actual, "").text, "REAL, NOT EXERCISE")
}

func FuzzLinkToken(f *testing.F) {
	r := newRig(f)
	r.subscribe("clerk", "Boston Clerk", "+16175550123", "ma.boston")
	path, key := r.linkOf(nil)
	f.Add(strings.TrimPrefix(path, "/a/"))
	f.Add("a1-")
	f.Add("../a/b")
	f.Fuzz(func(t *testing.T, token string) {
		a := r.with(t).ask("", "POST", "/a/"+url.PathEscape(token), "response=ack", form)
		valid := "/a/"+token == path
		if answered := r.with(t).answerOf(key) != nil; answered && !valid && a.StatusCode == 200 {
			t.Fatalf("the token %q acknowledged", token)
		}
		if a.StatusCode >= 500 || (a.StatusCode == 200) != valid && token != "" && token != "." && token != ".." {
			t.Fatalf("the token %q was answered with %d", token, a.StatusCode)
		}
	})
}
