package alerting_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
)

func TestSeverityRanksDecideWhoIsReached(t *testing.T) {
	ranks := map[alerting.Severity]int{alerting.Extreme: 0, alerting.Severe: 1, alerting.UnknownSeverity: 1, alerting.Moderate: 2, alerting.Minor: 3}
	for s, rank := range ranks {
		assert.Equal(t, rank, s.Rank(), s)
		assert.True(t, s.Reaches(""), "no floor lets %s through", s)
		for floor, least := range ranks {
			assert.Equal(t, rank <= least, s.Reaches(floor), "%s over a floor of %s", s, floor)
		}
	}
}

func TestParseSeverity(t *testing.T) {
	for _, s := range alerting.Severities {
		got, err := alerting.ParseSeverity(string(s))
		assert.NoError(t, err)
		assert.Equal(t, s, got)
	}
	for _, s := range []string{"", "Severe", "critical"} {
		_, err := alerting.ParseSeverity(s)
		assert.ErrorContains(t, err, "is not one of extreme, severe, moderate, minor, unknown")
	}
}

func TestWhichStatusesReachPeople(t *testing.T) {
	for status, want := range map[alerting.Status]bool{"actual": true, "exercise": true, "test": true, "system": false, "draft": false} {
		assert.Equal(t, want, status.ReachesPeople(), status)
	}
	assert.Len(t, alerting.Statuses, 5)
}

func TestWhichTypesCorrect(t *testing.T) {
	assert.False(t, alerting.TypeAlert.Corrects())
	assert.True(t, alerting.TypeUpdate.Corrects())
	assert.True(t, alerting.TypeCancel.Corrects())
}

func TestAlertTitleAndResponses(t *testing.T) {
	a := alerting.Alert{Event: "Phishing", Responses: []alerting.Response{{Key: "2", Label: "Need help"}}}
	assert.Equal(t, "Phishing", a.Title())
	a.Headline = "Phishing against clerks"
	assert.Equal(t, "Phishing against clerks", a.Title())
	r, ok := a.Response("2")
	assert.True(t, ok)
	assert.Equal(t, "Need help", r.Label)
	_, ok = a.Response("1")
	assert.False(t, ok)
}

func TestKeys(t *testing.T) {
	assert.Equal(t, alerting.Key("a42"), alerting.Submission{Sequence: 42}.Key())
	assert.True(t, alerting.KeyOf(42).Valid())
	for _, k := range []alerting.Key{"", "a.1", "*", ">", "a 1", "A1", "a\n"} {
		assert.False(t, k.Valid(), k)
	}
}

func TestErrorsTellEverythingAtOnce(t *testing.T) {
	var problems alerting.Problems
	assert.NoError(t, problems.Err("nothing is wrong"))
	problems.Add("/areas/0", alerting.CodeUnknownArea, "%q is no area", "ma.bostn")
	assert.Equal(t, alerting.CodeUnknownArea, alerting.CodeOf(problems.Err("refused")))
	problems.Add("", alerting.CodeMissing, "sender is required")
	err := fmt.Errorf("publish: %w", problems.Err("refused"))
	assert.EqualError(t, err, `publish: refused; areas/0: "ma.bostn" is no area; sender is required`)
	assert.Equal(t, alerting.CodeInvalid, alerting.CodeOf(err))
	assert.Empty(t, alerting.CodeOf(fmt.Errorf("plain")))
}
