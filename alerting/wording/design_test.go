package wording_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/gsm7"
	"revere/alerting/wording"
)

// The texts that DESIGN.md promises, with the lengths that it gives.
func TestTextsOfTheDesign(t *testing.T) {
	exercise := phishing(t)
	exercise.Alert.Status = alerting.StatusExercise
	subject, _, _ := desk().Compose(alerting.Mail, exercise)
	assert.Equal(t, "[EXERCISE] SEVERE, Boston: Phishing against election clerks [K7Q]", subject)

	answer := wording.Answer{For: []string{"Boston Clerk"}, At: moment(t, "2026-11-03T07:14:00-05:00")}
	for _, sample := range []struct {
		name, want, got string
		septets         int
	}{
		{"SMS", "MA State SOC, SEVERE, Boston: Phishing against election clerks. Do not open invoice mail. Reply ACK K7Q, or 2 K7Q if you got it too.", sms(phishing(t)), 132},
		{"exercise", "EXERCISE MA State SOC, SEVERE, Boston: Phishing against election clerks. Do not open invoice mail. Reply ACK K7Q, or 2 K7Q if you got it too. EXERCISE", sms(exercise), 150},
		{"cancel", "FALSE ALARM. MA State SOC withdraws K7Q (Boston, phishing, 07:12). Take no action. Reply ACK K8R.", sms(corrected(t, alerting.TypeCancel)), 97},
		{"confirmation", "MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Reply 2 K7Q if you got it too.", desk().Confirmation(phishing(t), answer), 88},
		{"help", "MA State SOC: not understood, nothing recorded. Reply ACK K7Q. To talk to a person call 617-555-0100.", desk().Help(wording.NotUnderstood, []wording.Context{phishing(t)}), 101},
	} {
		t.Run(sample.name, func(t *testing.T) {
			assert.Equal(t, sample.want, sample.got)
			assert.Equal(t, sample.septets, gsm7.Length(sample.got))
			assert.Equal(t, 1, gsm7.Segments(sample.got))
		})
	}
}
