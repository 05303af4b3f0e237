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
	packed, err := Pack([]alerting.Record{steps})
	require.NoError(t, err)
	before, err := encode([]alerting.Record{steps})
	require.NoError(t, err)
	for name, data := range map[string][]byte{"packed": packed[0], "as a version before did it": before} {
		t.Run(name, func(t *testing.T) {
			records, err := decodeRecords(data)
			require.NoError(t, err)
			assert.Equal(t, []alerting.Record{steps}, records)
		})
	}
}

// No writer does it today; a reader must not lose both.
func TestAManifestAndStepsInOneRecord(t *testing.T) {
	both := steps
	both.Manifest = manifests["a desk and a town"]
	messages, err := Pack([]alerting.Record{both, both})
	require.NoError(t, err)
	records, err := decodeRecords(messages[0])
	require.NoError(t, err)
	assert.Equal(t, []alerting.Record{both, both}, records)
}

func packedSteps(attempts []alerting.Attempt, results []alerting.Result) packedText {
	return packedText(new(packing).steps(attempts, results))
}

func TestDamagedStepsAreAnError(t *testing.T) {
	whole := packedSteps(steps.Attempts, steps.Results)
	for n := range whole {
		_, _, err := unpackSteps(whole[:n])
		require.Error(t, err, "cut off after %d bytes", n)
	}
	_, _, err := unpackSteps(whole + "\x00")
	require.Error(t, err, "something follows")
}

func FuzzUnpackSteps(f *testing.F) {
	f.Add([]byte(packedSteps(steps.Attempts, steps.Results)))
	f.Add([]byte(packedSteps(nil, nil)))
	f.Fuzz(func(t *testing.T, data []byte) {
		attempts, results, err := unpackSteps(packedText(data))
		if err != nil {
			return
		}
		a, r, err := unpackSteps(packedSteps(attempts, results))
		require.NoError(t, err)
		require.Equal(t, attempts, a)
		require.Equal(t, results, r)
	})
}
