package engine

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

var steps = alerting.Record{
	Alert: "a1", At: time.Date(2026, 11, 3, 12, 12, 0, 0, time.UTC),
	Attempts: []alerting.Attempt{{Delivery: 3, Attempt: 1}, {Delivery: 70_000, Attempt: 12, PossibleDuplicate: true}},
	Results: []alerting.Result{
		{Delivery: 0, Attempt: 1, State: alerting.Accepted, ProviderID: "SM1"},
		{Delivery: 9, State: alerting.Canceled, Reason: "the alert was withdrawn"},
		{Delivery: 4, Attempt: 2, State: alerting.Failed, Code: "30008", Reason: "unknown error", RetryAt: time.Date(2026, 11, 3, 12, 13, 0, 7e6, time.UTC)},
		{Delivery: 5, Attempt: 2, State: alerting.Failed, Code: "30008", Reason: "unknown error", Receipt: true},
	},
}

func TestStepsAreReadAsTheyWereWritten(t *testing.T) {
	for name, encode := range map[string]func() ([]byte, error){
		"packed":                     func() ([]byte, error) { return encodeRecord(&steps) },
		"as a version before did it": func() ([]byte, error) { return encode(&steps) },
	} {
		t.Run(name, func(t *testing.T) {
			data, err := encode()
			require.NoError(t, err)
			records, err := decodeRecords(append([]byte{0x81}, data...)) // a list of one
			require.NoError(t, err)
			assert.Equal(t, []alerting.Record{steps}, records)
		})
	}
}

func TestDamagedStepsAreAnError(t *testing.T) {
	whole := packSteps(steps.Attempts, steps.Results)
	for n := range whole {
		_, _, err := unpackSteps(whole[:n])
		require.Error(t, err, "cut off after %d bytes", n)
	}
	_, _, err := unpackSteps(append(whole, 0))
	require.Error(t, err, "something follows")
}

func FuzzUnpackSteps(f *testing.F) {
	f.Add(packSteps(steps.Attempts, steps.Results))
	f.Add(packSteps(nil, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		attempts, results, err := unpackSteps(data)
		if err != nil {
			return
		}
		a, r, err := unpackSteps(packSteps(attempts, results))
		require.NoError(t, err)
		require.Equal(t, attempts, a)
		require.Equal(t, results, r)
	})
}
