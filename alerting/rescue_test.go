package alerting_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting"
)

func TestRescue(t *testing.T) {
	t.Parallel()
	guarded := func(f func()) (err error) {
		defer alerting.Rescue(&err)
		f()
		return nil
	}
	require.NoError(t, guarded(func() {}))
	err := guarded(func() { _ = []int{}[len(t.Name())] })
	assert.Equal(t, alerting.CodeInternal, alerting.CodeOf(err))
	assert.ErrorContains(t, err, "rescue_test.go:")
	assert.ErrorContains(t, err, "index out of range [10] with length 0")
	err = guarded(func() { panic("Phishing against clerks") })
	assert.ErrorContains(t, err, "a panic with string")
	assert.NotContains(t, err.Error(), "Phishing", "it may be an alert's text")
	assert.True(t, alerting.Hopeless(err))
}

// What is done beside the caller fails as if the caller had done it, wherever it was begun.
func TestTogether(t *testing.T) {
	t.Parallel()
	done := make([]bool, 3)
	err := func() (err error) {
		defer alerting.Rescue(&err)
		alerting.Together(func() { done[0] = true }, func() {
			alerting.Together(func() { _ = []int{}[len(t.Name())] }, func() { done[1] = true })
		}, func() { done[2] = true })
		return nil
	}()
	assert.Equal(t, []bool{true, true, true}, done, "the others are not cut short")
	assert.Equal(t, alerting.CodeInternal, alerting.CodeOf(err))
	assert.ErrorContains(t, err, "rescue_test.go:")
	assert.ErrorContains(t, err, "index out of range [12] with length 0")
}

func TestHopeless(t *testing.T) {
	t.Parallel()
	for _, err := range []error{
		nil, errors.New("the disk is full"), alerting.ErrOvertaken, fmt.Errorf("write: %w", alerting.ErrOvertaken), alerting.Errorf(alerting.CodeUnavailable, "no leader"),
	} {
		assert.False(t, alerting.Hopeless(err), "%v may go better the next time", err)
	}
	assert.True(t, alerting.Hopeless(fmt.Errorf("keep it: %w", alerting.Errorf(alerting.CodeOversized, "too large"))))
}
