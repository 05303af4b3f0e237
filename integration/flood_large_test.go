package integration_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/alerting/api"
	"revere/integration/harness"
)

// large is what an alert of the floods below says, in bytes; 256 KiB may be.
const large = 200_000

// What open alerts say takes no more memory than it may: others wait on the disk, HTTP refuses what would have to
// wait behind too many and says why, who is urgent goes on, and when some are over there is room again.
func TestLargeAlertsWaitAndAreRefused(t *testing.T) {
	w := harness.New(t, harness.Options{InProcess: true, Empty: true, FileAfter: time.Second, Settings: map[string]string{
		"ADMISSION__WAITING": "2", "ADMISSION__OPEN_TEXT": "1", "LOG__LEVEL": "error",
	}})
	w.Import(harness.Person("clerk", "ma.boston", harness.SMS(harness.Phone(1))))
	alert := func() harness.Alert {
		return harness.NewAlert("ma.boston").With("status", "exercise").With("description", strings.Repeat("x", large))
	}
	var open []alerting.Key
	for len(open) < 6 { // the sixth is begun within the bound
		v := w.PublishForVerdict("alerts.ma.boston", alert().JSON())
		require.Equal(t, alerting.VerdictAccepted, v.Verdict, v.Detail)
		open = append(open, v.Alert)
	}
	held := []alerting.Key{w.PublishNATS("alerts.ma.boston", alert().JSON()), w.PublishNATS("alerts.ma.boston", alert().JSON())}
	post := harness.Request{Method: "POST", Path: "/api/v1/alerts", Body: alert()}
	a := w.Call(http.StatusTooManyRequests, post)
	assert.NotEmpty(t, a.Header.Get("Retry-After"))
	var p api.ProblemDocument
	require.NoError(t, json.Unmarshal(a.Body, &p))
	assert.Equal(t, alerting.CodeOverloaded, p.Code)
	assert.Contains(t, p.Detail, "admission.open_text")
	w.Call(http.StatusAccepted, harness.Request{Method: "POST", Path: "/api/v1/alerts", Body: alert().With("severity", "extreme")})

	for _, key := range open {
		w.States(key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
		w.Correct(key, alerting.TypeCancel, nil)
	}
	harness.Soon(t, func() error { return waiting(w, 0) })
	for _, key := range held {
		w.States(key, map[string]alerting.State{harness.Phone(1): alerting.Delivered})
	}
	assert.Len(t, w.Summary(open[0]).Alert.Description, large, "what it said is read again")
}

// Ten thousand large alerts to a town with subscribers take less than a gigabyte; what was taken is there. The
// clients are more than are served at once in the end, and each of them has an answer.
func TestAFloodOfLargeAlertsTakesBoundedMemory(t *testing.T) {
	if *soak == 0 {
		t.Skip("takes minutes: -soak")
	}
	for _, clients := range []int{1000, 200, 3000} {
		t.Run(fmt.Sprint(clients, " clients"), func(t *testing.T) { floodLarge(t, clients) })
	}
}

const largeFloodMemory = 1 << 30

func floodLarge(t *testing.T, clients int) {
	const n = 10_000
	w := harness.New(t, harness.Options{Binary: harness.Plain(t), Environ: []string{floodGarbage}, Empty: true, Settings: map[string]string{
		"CHANNELS__SMS__RATE": "1000",
	}})
	for i := range 10 {
		w.Import(harness.Person(fmt.Sprint("clerk-", i), "ma.boston", harness.SMS(harness.Phone(i+1))))
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, MaxConnsPerHost: clients}, Timeout: 2 * time.Minute}
	defer client.CloseIdleConnections()
	var mu sync.Mutex
	taken, answers := map[alerting.Key]bool{}, map[int]int{}
	description := strings.Repeat("x", large)
	var next atomic.Int64
	var all sync.WaitGroup
	begun := time.Now()
	for range clients {
		all.Go(func() {
			for next.Add(1) <= n {
				body := harness.NewAlert("ma.boston").With("description", description).JSON()
				status, key, err := postOver(client, w, body)
				if !assert.NoError(t, err) {
					return
				}
				mu.Lock()
				answers[status]++
				if status == http.StatusAccepted {
					taken[key] = true
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	peak := w.PeakMemory()
	t.Logf("%d clients, %s: answers %v; at most %d MiB", clients, time.Since(begun).Round(time.Second), answers, peak>>20)
	for status := range answers {
		assert.Contains(t, []int{http.StatusAccepted, http.StatusTooManyRequests, http.StatusServiceUnavailable}, status)
	}
	assert.Less(t, peak, uint64(largeFloodMemory))
	w.Set("ADMISSION__OPEN_TEXT", "4096") // what waits is on the disk
	w.Restart()
	last := slices.MaxFunc(slices.Collect(maps.Keys(taken)), func(x, y alerting.Key) int { return cmp.Compare(x.Sequence(), y.Sequence()) })
	harness.Within(t, 2*time.Minute, func() error {
		if a, err := w.Try(harness.Request{Method: "GET", Path: "/api/v1/alerts/" + string(last)}); err != nil || a.Status != http.StatusOK {
			return fmt.Errorf("%s is not on record: HTTP %d, %w", last, a.Status, err)
		}
		return waiting(w, 0)
	})
	for _, s := range w.Alerts() {
		delete(taken, s.Key)
	}
	assert.Empty(t, taken, "they were taken, and are not on record")
}

// postOver publishes an alert over a client's own connections.
func postOver(client *http.Client, w *harness.World, body []byte) (status int, key alerting.Key, err error) {
	request, err := http.NewRequest(http.MethodPost, w.URL()+"/api/v1/alerts", strings.NewReader(string(body)))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+w.Token())
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	var p api.Published
	err = json.NewDecoder(response.Body).Decode(&p)
	return response.StatusCode, p.Key, err
}
