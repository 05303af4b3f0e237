package signalsim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"revere/integration/signalsim"
)

const (
	account = "+16175550100"
	clerk   = "+16175550123"
)

func Example() {
	bridge := signalsim.New(signalsim.Config{Number: account})
	if err := bridge.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer bridge.Stop()
	response, err := http.Post(bridge.URL()+"/v2/send", "application/json",
		strings.NewReader(`{"message":"SEVERE, Boston","number":"+16175550100","recipients":["+16175550123"]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	fmt.Println(response.StatusCode, bridge.MessagesTo("+16175550123")[0].Text)
	// Output: 201 SEVERE, Boston
}

func start(t *testing.T) *signalsim.Server {
	t.Helper()
	s := signalsim.New(signalsim.Config{Number: account})
	require.NoError(t, s.Start())
	t.Cleanup(s.Stop)
	return s
}

// client keeps no connection, so that each test sees its own.
var client = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}

func send(s *signalsim.Server, body string) (status int, answer string, err error) {
	response, err := client.Post(s.URL()+"/v2/send", "application/json", strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	return response.StatusCode, strings.TrimSpace(string(raw)), err
}

func to(recipients ...string) string {
	raw, err := json.Marshal(map[string]any{"message": "hello", "number": account, "recipients": recipients})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// Every message has a timestamp of its own, since Signal names messages by it.
func TestTimestampsNameMessages(t *testing.T) {
	s := start(t)
	seen := map[string]bool{}
	for range 20 {
		status, answer, err := send(s, to(clerk))
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, status)
		var a struct{ Timestamp string }
		require.NoError(t, json.Unmarshal([]byte(answer), &a))
		require.False(t, seen[a.Timestamp])
		seen[a.Timestamp] = true
	}
	for _, m := range s.Messages() {
		require.True(t, seen[strconv.FormatInt(m.Timestamp, 10)], "the answer names the message that was taken")
	}
	require.Len(t, s.Messages(), 20)
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		behavior signalsim.Behavior
		body     string
		status   int
		says     string
	}{
		"no JSON":         {signalsim.Behavior{}, `hello`, 400, "invalid request"},
		"no recipient":    {signalsim.Behavior{}, to(), 400, "at least one recipient"},
		"another account": {signalsim.Behavior{}, `{"number":"+1","recipients":["+16175550123"]}`, 400, "account does not exist"},
		"bad number":      {signalsim.Behavior{}, to("617-555"), 400, "Invalid phone number"},
		"unregistered":    {signalsim.Behavior{Refuse: map[string]string{clerk: "Unregistered user"}}, to(clerk), 400, "Unregistered user"},
		"rate limit":      {signalsim.Behavior{Status: 429, Error: "slow", ChallengeTokens: []string{"x"}}, to(clerk), 429, `"challenge_tokens":["x"]`},
		"locked":          {signalsim.Behavior{Locked: true}, to(clerk), 401, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.Behave(c.behavior)
			status, answer, err := send(s, c.body)
			require.NoError(t, err)
			require.Equal(t, c.status, status)
			require.Contains(t, answer, c.says)
			require.Empty(t, s.Messages())
		})
	}
}

func TestFaults(t *testing.T) {
	for name, c := range map[string]struct {
		behavior signalsim.Behavior
		taken    int
	}{
		"cut before": {signalsim.Behavior{CutBefore: true}, 0},
		"cut after":  {signalsim.Behavior{CutAfter: true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.Behave(c.behavior)
			_, _, err := send(s, to(clerk))
			require.Error(t, err)
			require.Len(t, s.Messages(), c.taken)
		})
	}
}

func TestAnswersOfNewerVersions(t *testing.T) {
	s := start(t)
	s.Behave(signalsim.Behavior{Array: true, Partly: map[string]string{clerk: "UNREGISTERED_FAILURE"}})
	status, answer, err := send(s, to(clerk, "jane_doe.01"))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status)
	require.Regexp(t, `^\[\{"timestamp":"[0-9]+","errors":\{"recipients":\[\{"number":"\+16175550123","reason":"UNREGISTERED_FAILURE"\}\]\}\}\]$`, answer)
	require.Empty(t, s.MessagesTo(clerk))
	require.Len(t, s.MessagesTo("jane_doe.01"), 1)
}

// A bridge that hangs lets go when it is stopped, refuses connections, and can be started again
// where it was.
func TestHangStopAndStartAgain(t *testing.T) {
	s := start(t)
	s.Behave(signalsim.Behavior{Hang: true})
	failed := make(chan error, 1)
	go func() {
		_, _, err := send(s, to(clerk))
		failed <- err
	}()
	require.Eventually(t, func() bool { return len(s.Messages()) == 1 }, 5*time.Second, time.Millisecond)
	url := s.URL()
	s.Stop()
	require.Error(t, <-failed)
	_, _, err := send(s, to(clerk))
	require.ErrorContains(t, err, "refused")
	require.NoError(t, s.Start())
	require.Equal(t, url, s.URL())
	require.Error(t, s.Start(), "it is started already")
	s.Behave(signalsim.Behavior{})
	status, _, err := send(s, to(clerk))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status)
	require.Len(t, s.Messages(), 2)
}

// The real bridge dies of concurrent sends; this one counts them, and dies if told to.
func TestConcurrencyIsSeenAndKills(t *testing.T) {
	s := start(t)
	s.Behave(signalsim.Behavior{Hang: true, CrashAbove: 1})
	errors := make(chan error, 2)
	try := func() {
		_, _, err := send(s, to(clerk))
		errors <- err
	}
	go try()
	require.Eventually(t, func() bool { return len(s.Messages()) == 1 }, 5*time.Second, time.Millisecond)
	go try()
	require.Error(t, <-errors)
	require.Error(t, <-errors)
	require.Equal(t, 2, s.MaxConcurrent())
	_, _, err := send(s, to(clerk))
	require.ErrorContains(t, err, "refused")
}

// A phone that answers does so through OnMessage, after the bridge took the message.
func TestOnMessageMayAnswer(t *testing.T) {
	s := start(t)
	bodies := make(chan string, 1)
	door := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		raw, _ := io.ReadAll(r.Body) // what broke off fails the comparison below
		bodies <- string(raw)
	}))
	defer door.Close()
	s.SetWebhook(door.URL)
	s.OnMessage(func(m signalsim.Message) { _, _ = s.React(m.To, "👍", m.Timestamp) })
	_, _, err := send(s, to(clerk))
	require.NoError(t, err)
	var posted struct {
		Method string
		Params struct {
			Account  string
			Envelope struct {
				SourceNumber string
				DataMessage  struct {
					Reaction struct {
						Emoji               string
						TargetSentTimestamp int64
						IsRemove            bool
					}
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(<-bodies), &posted))
	require.Equal(t, "receive", posted.Method)
	require.Equal(t, account, posted.Params.Account)
	require.Equal(t, clerk, posted.Params.Envelope.SourceNumber)
	require.Equal(t, s.Messages()[0].Timestamp, posted.Params.Envelope.DataMessage.Reaction.TargetSentTimestamp)
}

// The bridge posts once, tells what it was answered, and shows the webhook's secret to nobody.
func TestPostNeverRepeatsAndKeepsTheSecret(t *testing.T) {
	s := start(t)
	posts := 0
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		posts++
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	s.SetWebhook(door.URL + "/s3cret")
	status, err := s.Reply(clerk, "ACK")
	require.NoError(t, err)
	require.Equal(t, http.StatusServiceUnavailable, status)
	door.Close()
	require.Equal(t, 1, posts)
	_, err = s.Reply(clerk, "ACK")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "s3cret")
	s.SetWebhook("")
	_, err = s.Reply(clerk, "ACK")
	require.ErrorContains(t, err, "SetWebhook")
}

// Latency holds an answer, and stopping does not wait for it.
func TestLatency(t *testing.T) {
	s := start(t)
	s.Behave(signalsim.Behavior{Latency: 50 * time.Millisecond})
	before := time.Now()
	status, _, err := send(s, to(clerk))
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, status)
	require.GreaterOrEqual(t, time.Since(before), 50*time.Millisecond)
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	first := start(t)
	second := signalsim.New(signalsim.Config{Number: account, Listen: strings.TrimPrefix(first.URL(), "http://")})
	require.ErrorContains(t, second.Start(), "give another address")
}
