package twiliosim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/integration/twiliosim"
)

const (
	account = "AC00000000000000000000000000000001"
	token   = "c0ffee00c0ffee00c0ffee00c0ffee00"
	ours    = "+16175550100"
	theirs  = "+16175550123"
	soon    = 5 * time.Second
	tick    = 2 * time.Millisecond
)

func start(t testing.TB, s *twiliosim.Server) *twiliosim.Server {
	t.Helper()
	s.AccountSID, s.AuthToken, s.Numbers = account, token, []string{ours, "+16175550199"}
	require.NoError(t, s.Start())
	t.Cleanup(s.Stop)
	return s
}

// call makes one request of the API and returns its status and JSON.
func call(t testing.TB, s *twiliosim.Server, method, path string, form url.Values) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequest(method, s.URL()+path, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.SetBasicAuth(account, token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	var body map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&body))
	return response.StatusCode, body
}

const messages = "/2010-04-01/Accounts/" + account + "/Messages.json"

func form(pairs ...string) url.Values {
	f := url.Values{"To": {theirs}, "From": {ours}, "Body": {"Reply ACK K7Q."}}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

// A hook is a webhook's receiver that checks signatures by itself and keeps what came.
type hook struct {
	url    string
	status func(n int) int // of the n-th answer, from 1
	mu     sync.Mutex
	forms  []url.Values
}

func newHook(t *testing.T, status func(n int) int) *hook {
	h := &hook{status: status}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.ParseForm() //nolint:errcheck // A form that can't be read fails the signature.
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.Header.Get("X-Twilio-Signature") != twiliosim.Sign(token, h.url+r.URL.RequestURI(), r.PostForm) {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	h.forms = append(h.forms, r.PostForm)
	w.WriteHeader(h.status(len(h.forms)))
}

func (h *hook) statuses() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []string
	for _, f := range h.forms {
		all = append(all, f.Get("MessageStatus"))
	}
	return all
}

func always(status int) func(int) int { return func(int) int { return status } }

func TestSignatureIsTwilios(t *testing.T) {
	// From twilio-go's own tests of its validator.
	params := url.Values{"CallSid": {"CA1234567890ABCDE"}, "Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"},
		"Caller": {"+14158675309"}, "ReasonConferenceEnded": {"test"}, "Reason": {"Participant"}}
	assert.Equal(t, "vOEb5UThFn24KEfnOFLQY2AE5FY=", twiliosim.Sign("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", params))
}

func TestCreateAnswersAsTwilioDoes(t *testing.T) {
	heard := make(chan twiliosim.Message, 1)
	s := start(t, &twiliosim.Server{OnMessage: func(m twiliosim.Message) { heard <- m }})
	status, body := call(t, s, "POST", messages, form("Body", strings.Repeat("a", 161)))
	assert.Equal(t, http.StatusCreated, status)
	assert.Regexp(t, `^SM[0-9a-f]{32}$`, body["sid"])
	assert.Equal(t, "queued", body["status"])
	assert.Equal(t, "2", body["num_segments"])
	assert.Equal(t, "outbound-api", body["direction"])
	assert.Nil(t, body["error_code"])
	assert.Nil(t, body["date_sent"])
	assert.NotContains(t, body, "status_callback")
	_, err := time.Parse(time.RFC1123Z, body["date_created"].(string))
	assert.NoError(t, err)
	assert.Equal(t, body["sid"], (<-heard).SID)
	assert.Equal(t, body["sid"], s.Messages()[0].SID)
}

func TestCreateRefuses(t *testing.T) {
	s := start(t, &twiliosim.Server{})
	s.SetBehaviorFor("+16175550111", twiliosim.Behavior{Landline: true})
	for name, tt := range map[string]struct {
		form url.Values
		code float64
	}{
		"no To":                {form("To", ""), 21604},
		"To is no number":      {form("To", "617-555-0123"), 21211},
		"no text":              {form("Body", ""), 21602},
		"a long text":          {form("Body", strings.Repeat("a", 1601)), 21617},
		"no From":              {form("From", ""), 21603},
		"another's From":       {form("From", "+16175550101"), 21606},
		"unknown service":      {form("MessagingServiceSid", "MG1"), 21701},
		"no mobile":            {form("To", "+16175550111"), 21614},
		"validity of nothing":  {form("ValidityPeriod", "0"), 21624},
		"validity of a day":    {form("ValidityPeriod", "86400"), 21624},
		"callback is a path":   {form("StatusCallback", "/status"), 21609},
		"wanted by the person": {form("To", "+16175550112"), 21610},
	} {
		t.Run(name, func(t *testing.T) {
			s.Reply("+16175550112", ours, "Stop") //nolint:errcheck // No webhook is set: it need not hear.
			status, body := call(t, s, "POST", messages, tt.form)
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Equal(t, tt.code, body["code"])
			assert.NotEmpty(t, body["message"])
		})
	}
	assert.Empty(t, s.Messages())
	assert.EqualValues(t, 12, s.Stats().Creates)
}

func TestWrongCredentials(t *testing.T) {
	s := start(t, &twiliosim.Server{})
	for _, path := range []string{messages, "/2010-04-01/Accounts/" + account + ".json"} {
		r, _ := http.NewRequest("GET", s.URL()+path, nil)
		r.SetBasicAuth(account, "guess")
		response, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		assert.Equal(t, http.StatusUnauthorized, response.StatusCode)
		assert.Contains(t, string(body), "20003")
	}
}

func TestListIsNewestFirstAndPaged(t *testing.T) {
	s := start(t, &twiliosim.Server{})
	s.SetBehavior(twiliosim.Behavior{ReceiptDelay: time.Hour})
	for i := range 7 {
		call(t, s, "POST", messages, form("Body", fmt.Sprintf("number %d", i)))
	}
	call(t, s, "POST", messages, form("To", "+16175550124"))

	var bodies []any
	next := messages + "?PageSize=3&To=" + url.QueryEscape(theirs)
	for pages := 1; next != ""; pages++ {
		status, page := call(t, s, "GET", next, nil)
		require.Equal(t, http.StatusOK, status)
		for _, m := range page["messages"].([]any) {
			bodies = append(bodies, m.(map[string]any)["body"])
		}
		next, _ = page["next_page_uri"].(string)
		// What comes meanwhile moves no page.
		call(t, s, "POST", messages, form("Body", "late"))
		require.LessOrEqual(t, pages, 3)
	}
	assert.Equal(t, []any{"number 6", "number 5", "number 4", "number 3", "number 2", "number 1", "number 0"}, bodies)

	_, page := call(t, s, "GET", messages+"?DateSent="+time.Now().UTC().Format(time.DateOnly), nil)
	assert.Empty(t, page["messages"], "what is queued has no date yet")
}

func TestOneMessageAndTheDayOfItsSending(t *testing.T) {
	s := start(t, &twiliosim.Server{})
	_, made := call(t, s, "POST", messages, form())
	require.Eventually(t, func() bool { return s.Messages()[0].Status == "delivered" }, soon, tick)
	one := strings.TrimSuffix(messages, ".json") + "/" + made["sid"].(string) + ".json"
	_, body := call(t, s, "GET", one, nil)
	assert.Equal(t, "delivered", body["status"])
	status, _ := call(t, s, "GET", strings.Replace(one, "SM", "SX", 1), nil)
	assert.Equal(t, http.StatusNotFound, status)

	sent := s.Messages()[0].Sent
	today, tomorrow := sent.Format(time.DateOnly), sent.AddDate(0, 0, 1).Format(time.DateOnly)
	for query, want := range map[string]int{
		"DateSent=" + today: 1, "DateSent=" + tomorrow: 0,
		"DateSent%3C=" + today: 1, "DateSent%3E=" + today: 1, "DateSent%3E=" + tomorrow: 0,
		"From=" + url.QueryEscape(ours): 1, "From=" + url.QueryEscape(theirs): 0,
	} {
		_, page := call(t, s, "GET", messages+"?"+query, nil)
		assert.Len(t, page["messages"], want, query)
	}
}

func TestAccountAndNumbers(t *testing.T) {
	s := start(t, &twiliosim.Server{Trial: true})
	_, body := call(t, s, "GET", "/2010-04-01/Accounts/"+account+".json", nil)
	assert.Equal(t, "active", body["status"])
	assert.Equal(t, "Trial", body["type"])
	_, body = call(t, s, "GET", "/2010-04-01/Accounts/"+account+"/IncomingPhoneNumbers.json?PhoneNumber="+url.QueryEscape(ours), nil)
	assert.Len(t, body["incoming_phone_numbers"], 1)
	status, _ := call(t, s, "GET", "/2010-04-01/Accounts/AC2.json", nil)
	assert.Equal(t, http.StatusNotFound, status)
}

func TestReceipts(t *testing.T) {
	for name, tt := range map[string]struct {
		behavior twiliosim.Behavior
		want     []string
	}{
		"in order":     {twiliosim.Behavior{}, []string{"queued", "sending", "sent", "delivered"}},
		"undelivered":  {twiliosim.Behavior{Outcome: twiliosim.Undelivered, ErrorCode: 30003}, []string{"queued", "sending", "sent", "undelivered"}},
		"failed":       {twiliosim.Behavior{Outcome: twiliosim.Failed, ErrorCode: 30034}, []string{"queued", "failed"}},
		"out of order": {twiliosim.Behavior{Receipts: twiliosim.OutOfOrder}, []string{"delivered", "sent", "sending", "queued"}},
		"twice":        {twiliosim.Behavior{Receipts: twiliosim.Twice, Outcome: twiliosim.Failed}, []string{"queued", "queued", "failed", "failed"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHook(t, always(http.StatusNoContent))
			s := start(t, &twiliosim.Server{})
			s.SetBehavior(tt.behavior)
			call(t, s, "POST", messages, form("StatusCallback", h.url+"/status?ref=a1-b-1"))
			require.Eventually(t, func() bool { return len(h.statuses()) == len(tt.want) }, soon, tick)
			assert.Equal(t, tt.want, h.statuses())
		})
	}
}

func TestNoReceipts(t *testing.T) {
	h := newHook(t, always(http.StatusNoContent))
	s := start(t, &twiliosim.Server{})
	s.SetBehavior(twiliosim.Behavior{Receipts: twiliosim.None})
	call(t, s, "POST", messages, form("StatusCallback", h.url))
	require.Eventually(t, func() bool { return s.Messages()[0].Status == "delivered" }, soon, tick)
	assert.Empty(t, h.statuses())
}

func TestRefusedWebhookIsPostedAgainWhereRetriesAreOn(t *testing.T) {
	failOnce := func(n int) int {
		if n == 1 {
			return http.StatusServiceUnavailable
		}
		return http.StatusNoContent
	}
	for retries, want := range map[int]error{0: errors.New("refused"), 1: nil} {
		h := newHook(t, failOnce)
		s := start(t, &twiliosim.Server{CallbackRetries: retries})
		s.SetInboundURL(h.url + "/messages")
		_, err := s.Reply(theirs, ours, "ACK K7Q")
		assert.Equal(t, want == nil, err == nil, "%d retries: %v", retries, err)
	}
}

func TestKeywords(t *testing.T) {
	h := newHook(t, always(http.StatusOK))
	s := start(t, &twiliosim.Server{})
	s.SetInboundURL(h.url + "/messages")
	for _, word := range []string{" stop ", "START", "Help", "ACK K7Q"} {
		_, err := s.Reply(theirs, ours, word)
		require.NoError(t, err)
	}
	var types []string
	for _, f := range h.forms {
		types = append(types, f.Get("OptOutType"))
	}
	assert.Equal(t, []string{"STOP", "START", "HELP", ""}, types)
	assert.Len(t, s.AutoReplies(), 3)

	status, _ := call(t, s, "POST", messages, form())
	assert.Equal(t, http.StatusCreated, status, "START lets messages through again")
}

func TestBehaviorForSomeMessages(t *testing.T) {
	s := start(t, &twiliosim.Server{})
	s.SetBehavior(twiliosim.Behavior{Answer: twiliosim.Throttle(0), Times: 2})
	s.SetBehaviorFor(theirs, twiliosim.Behavior{Answer: twiliosim.Refuse(500, 20500), Times: 1})
	var got []int
	for _, to := range []string{theirs, theirs, "+16175550124", "+16175550124"} {
		status, _ := call(t, s, "POST", messages, form("To", to))
		got = append(got, status)
	}
	assert.Equal(t, []int{500, 429, 429, 201}, got)
}

func TestAForgetfulServerAnswersAndKeepsNothing(t *testing.T) {
	h := newHook(t, always(http.StatusNoContent))
	heard := 0
	s := start(t, &twiliosim.Server{Forgetful: true, OnMessage: func(twiliosim.Message) { heard++ }})
	status, body := call(t, s, "POST", messages, form("StatusCallback", h.url))
	assert.Equal(t, http.StatusCreated, status)
	assert.Regexp(t, `^SM[0-9a-f]{32}$`, body["sid"])
	assert.Equal(t, "queued", body["status"])
	status, _ = call(t, s, "POST", messages, form("To", "617-555-0123"))
	assert.Equal(t, http.StatusBadRequest, status, "what can't be sent is refused all the same")
	_, page := call(t, s, "GET", messages, nil)
	assert.Empty(t, page["messages"])
	s.Stop() // receipts under way would be waited for
	assert.Equal(t, 1, heard)
	assert.Empty(t, s.Messages())
	assert.Empty(t, h.statuses())
}

func TestStopEndsEverything(t *testing.T) {
	s := start(t, &twiliosim.Server{})
	s.SetBehavior(twiliosim.Behavior{Fault: twiliosim.HangAfter, ReceiptDelay: time.Hour})
	failed := make(chan error, 1)
	go func() {
		r, _ := http.NewRequest("POST", s.URL()+messages, strings.NewReader(form().Encode()))
		r.SetBasicAuth(account, token)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		_, err := http.DefaultClient.Do(r) //nolint:bodyclose // There is none: it fails.
		failed <- err
	}()
	require.Eventually(t, func() bool { return len(s.Messages()) == 1 }, soon, tick)
	s.Stop()
	assert.Error(t, <-failed)
	_, err := s.Reply(theirs, ours, "ACK K7Q")
	assert.Error(t, err)
}

func TestStartRefuses(t *testing.T) {
	for name, s := range map[string]*twiliosim.Server{
		"an address that others reach": {Addr: "0.0.0.0:0", AccountSID: account, AuthToken: token, Numbers: []string{ours}},
		"no credentials":               {Numbers: []string{ours}},
		"no number":                    {AccountSID: account, AuthToken: token},
	} {
		t.Run(name, func(t *testing.T) { assert.Error(t, s.Start()) })
	}
}

func ExampleServer() {
	s := &twiliosim.Server{AccountSID: account, AuthToken: token, Numbers: []string{ours}}
	if err := s.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer s.Stop()
	s.SetBehavior(twiliosim.Behavior{Fault: twiliosim.CutAfter})

	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	r, _ := http.NewRequestWithContext(ctx, "POST", s.URL()+messages, strings.NewReader(form().Encode()))
	r.SetBasicAuth(account, token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_, err := http.DefaultClient.Do(r) //nolint:bodyclose // There is none: it fails.
	fmt.Println("answered:", err == nil, "taken:", len(s.Messages()))
	// Output: answered: false taken: 1
}
