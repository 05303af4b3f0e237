package audit_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting/audit"
)

// A provider that can't be asked, after some patience, leaves it open whether all agree.
func TestAProviderThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := sound()
		report, err := auditor(l, l.board(), nil).Verify(t.Context(), key, true)
		require.NoError(t, err)
		assert.False(t, report.Agrees)
		assert.Empty(t, report.Differences)
		assert.Equal(t, audit.Failed, report.Providers[1].Answer)
		assert.Contains(t, report.Providers[1].Detail, "Twilio did not answer")
	})
}

func TestAChannelThatIsOff(t *testing.T) {
	l := sound()
	a := auditor(l, l.board(), carried())
	delete(a.Channels, "email")
	report, err := a.Verify(t.Context(), key, false)
	require.NoError(t, err)
	assert.True(t, report.Agrees)
	assert.Equal(t, audit.Off, report.Providers[0].Answer)
	assert.Equal(t, audit.NotAsked, report.Providers[1].Answer)
}
