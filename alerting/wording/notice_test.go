package wording_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/gsm7"
	"revere/alerting/wording"
)

func TestConfirmations(t *testing.T) {
	at := moment(t, "2026-11-03T07:14:00-05:00")
	clerk := []string{"Boston Clerk"}
	two := phishing(t)
	two.Alert.Responses = []alerting.Response{{Key: "1", Label: "On it"}, {Key: "2", Label: "Need help"}}
	exercise := phishing(t)
	exercise.Alert.Status = alerting.StatusExercise
	exercise.Alert.SenderName = "Suffolk EMA"
	plain := phishing(t)
	plain.Alert.Responses = nil
	d := desk()
	for want, got := range map[string]string{
		"MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Reply 1 K7Q: On it, 2 K7Q: Need help.":           d.Confirmation(two, wording.Answer{For: clerk, At: at}),
		"MA State SOC: K7Q acknowledged for Boston Clerk at 07:14. Answer 2 recorded: Need help. Note recorded.":    d.Confirmation(two, wording.Answer{For: clerk, At: at, Response: "2", Noted: true}),
		"MA State SOC: K7Q acknowledged for Boston Clerk and 2 more at 07:14.":                                      d.Confirmation(plain, wording.Answer{For: []string{"Boston Clerk", "Chelsea Clerk", "Revere Clerk"}, At: at}),
		"MA State SOC: K7Q acknowledged at 07:14 on 5 Nov.":                                                         d.Confirmation(plain, wording.Answer{At: at.AddDate(0, 0, 2)}),
		"EXERCISE Suffolk EMA: K7Q acknowledged for Boston Clerk at 07:14. Reply 2 K7Q if you got it too. EXERCISE": d.Confirmation(exercise, wording.Answer{For: clerk, At: at}),
		"MA State SOC: K7Q already acknowledged for Boston Clerk at 07:14. Reply 2 K7Q if you got it too.":          d.Repeated(phishing(t), wording.Answer{For: clerk, At: at}),
		"MA State SOC: K7Q no longer acknowledged for Boston Clerk. Reply ACK K7Q.":                                 d.Retracted(phishing(t), wording.Answer{For: clerk}),
		"EXERCISE Suffolk EMA: K7Q no longer acknowledged. Reply ACK K7Q. EXERCISE":                                 d.Retracted(exercise, wording.Answer{}),
	} {
		assert.Equal(t, want, got)
	}
}

func TestConfirmationOfALongNameStaysOneSegment(t *testing.T) {
	name := strings.Repeat("Department of Emergency Management ", 4)
	text := desk().Confirmation(phishing(t), wording.Answer{For: []string{name}, At: moment(t, "2026-11-03T07:14:00-05:00")})
	assert.Equal(t, "MA State SOC: K7Q acknowledged for Department of Emergency... at 07:14. Reply 2 K7Q if you got it too.", text)
}

func TestHelp(t *testing.T) {
	k7q, m2p, exercise := phishing(t), phishing(t), phishing(t)
	m2p.Code, m2p.Alert.Headline, m2p.Areas = "M2P", "Flood warning for the Mystic", []alerting.Area{"ma.chelsea"}
	exercise.Code, exercise.Alert.Status = "E3A", alerting.StatusExercise
	correction := corrected(t, alerting.TypeCancel)
	many := []wording.Context{k7q, k7q, k7q, k7q, k7q}
	d, silent := desk(), desk()
	silent.Phone = ""
	one := []wording.Context{k7q}
	const call = " To talk to a person call 617-555-0100."
	for want, got := range map[string]string{
		"MA State SOC: not understood, nothing recorded. Reply ACK K7Q.":                                                                                  silent.Help(wording.NotUnderstood, one),
		"MA State SOC: not understood, nothing recorded. No alert is open for you." + call:                                                                d.Help(wording.NotUnderstood, nil),
		"MA State SOC: nothing to acknowledge, nothing recorded. No alert is open for you." + call:                                                        d.Help(wording.NoneOpen, nil),
		"MA State SOC: no alert K70 for you, nothing recorded. Reply ACK K7Q." + call:                                                                     d.Help(wording.WrongCode("K70"), one),
		"MA State SOC: K7Q has no answer 3, nothing recorded. Reply ACK K7Q, or 2 K7Q if you got it too." + call:                                          d.Help(wording.NotOffered(k7q, "3"), one),
		"MA State SOC: K7Q was withdrawn, nothing recorded. Reply ACK K8R." + call:                                                                        d.Help(wording.Withdrawn(k7q), []wording.Context{correction}),
		"MA State SOC: K7Q was replaced, nothing recorded. Reply ACK K8R." + call:                                                                         d.Help(wording.Replaced(k7q), []wording.Context{correction}),
		"MA State SOC: K7Q is over, nothing recorded. No alert is open for you." + call:                                                                   d.Help(wording.Over(k7q), nil),
		"EXERCISE MA State SOC: E3A is over, nothing recorded. No alert is open for you." + call + " EXERCISE":                                            d.Help(wording.Over(exercise), nil),
		"EXERCISE MA State SOC: not understood, nothing recorded. Reply ACK E3A." + call + " EXERCISE":                                                    d.Help(wording.NotUnderstood, []wording.Context{exercise}),
		"MA State SOC: several alerts are open, nothing recorded. Reply ACK K7Q (Boston, phishing) or ACK M2P (Chelsea, flood warning).":                  silent.Help(wording.SeveralOpen, []wording.Context{k7q, m2p}),
		"MA State SOC: several alerts are open, nothing recorded. Reply ACK K7Q or ACK M2P." + call:                                                       d.Help(wording.SeveralOpen, []wording.Context{k7q, m2p}),
		"MA State SOC: several alerts are open, nothing recorded. Reply ACK K7Q or ACK E3A (EXERCISE)." + call:                                            d.Help(wording.SeveralOpen, []wording.Context{k7q, exercise}),
		"MA State SOC: several alerts are open, nothing recorded. Reply ACK K7Q, ACK K7Q, ACK K7Q, ACK K7Q or the code of another alert you have." + call: d.Help(wording.SeveralOpen, many),
	} {
		assert.Equal(t, want, got)
	}
}

func TestPhoneIsReadOut(t *testing.T) {
	for phone, want := range map[string]string{"+16175550100": "617-555-0100", "+442079460000": "+442079460000", "617-555-0100": "617-555-0100"} {
		d := desk()
		d.Phone = phone
		assert.Contains(t, d.Help(wording.NotUnderstood, nil), "call "+want+".")
	}
}

func FuzzNotices(f *testing.F) {
	f.Add("Boston Clerk", "On it", "K7Q", "MA State SOC", true)
	f.Add("Peñasco\x00 Óbidos", "\u202eNeed help", "9", "", false)
	f.Fuzz(func(t *testing.T, name, label, typed, sender string, exercise bool) {
		c := phishing(t)
		c.Alert.Responses = []alerting.Response{{Key: "2", Label: label}}
		c.Alert.SenderName = sender
		if exercise {
			c.Alert.Status = alerting.StatusExercise
		}
		a := wording.Answer{For: []string{name}, At: c.Alert.Sent}
		recorded := a
		recorded.Response, recorded.Noted = "2", true
		for _, text := range []string{
			desk().Confirmation(c, a), desk().Confirmation(c, recorded), desk().Repeated(c, a), desk().Retracted(c, a),
			desk().Help(wording.WrongCode(typed), []wording.Context{c}), desk().Help(wording.NotOffered(c, typed), nil),
		} {
			checkText(t, text)
			assert.Contains(t, text, "K7Q")
			assert.Equal(t, exercise, strings.HasPrefix(text, "EXERCISE ") && strings.HasSuffix(text, " EXERCISE"), text)
		}
		if len([]rune(name)) <= 30 && sender == "" && gsm7.Is(gsm7.Transliterate(name)) {
			assert.LessOrEqual(t, gsm7.Segments(desk().Confirmation(c, a)), 1)
		}
	})
}
