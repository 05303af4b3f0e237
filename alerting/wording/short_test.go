package wording_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/gsm7"
	"revere/alerting/wording"
)

func ExampleDesk_Compose() {
	d := wording.Desk{SenderName: "MA State SOC", Atlas: country{}}
	_, text, _ := d.Compose(alerting.Short, wording.Context{
		Code:  "K7Q",
		Areas: []alerting.Area{"ma.boston"},
		Alert: &alerting.Alert{
			Status: alerting.StatusExercise, Type: alerting.TypeAlert, Severity: alerting.Severe, Areas: []alerting.Area{"ma.statewide"},
			Event: "Phishing", Responses: []alerting.Response{{Key: "1", Label: "On it"}, {Key: "2", Label: "Need help"}},
		},
	})
	fmt.Println(text)
	// Output:
	// EXERCISE MA State SOC, SEVERE, Boston: Phishing. Reply ACK K7Q, or 1 K7Q: On it, 2 K7Q: Need help. EXERCISE
}

func TestShortTexts(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*wording.Context)
		want   string
	}{
		"real during an exercise": {
			func(c *wording.Context) { c.ExerciseOpen = true },
			"REAL, NOT EXERCISE. MA State SOC, SEVERE, Boston: Phishing against election clerks. Do not open invoice mail. Reply ACK K7Q, or 2 K7Q if you got it too.",
		},
		"an exercise is not real": {
			func(c *wording.Context) { c.ExerciseOpen = true; c.Alert.Status = alerting.StatusExercise },
			"EXERCISE MA State SOC, SEVERE, Boston: Phishing against election clerks. Do not open invoice mail. Reply ACK K7Q, or 2 K7Q if you got it too. EXERCISE",
		},
		"the alert's own sender, unknown severity, no responses": {
			func(c *wording.Context) {
				c.Alert.SenderName = "Suffolk EMA"
				c.Alert.Severity = alerting.UnknownSeverity
				c.Alert.Responses = nil
			},
			"Suffolk EMA, UNKNOWN SEVERITY, Boston: Phishing against election clerks. Do not open invoice mail. Reply ACK K7Q.",
		},
		"no headline and no instruction: the description says what is the matter": {
			func(c *wording.Context) { c.Alert.Headline, c.Alert.Instruction = "", "" },
			"MA State SOC, SEVERE, Boston: Credential phishing against election clerks. Mails titled \"Invoice 4471\" carry a false sign-in page. They come from <billing@example.net> & ask for your password. Reply ACK K7Q, or 2 K7Q if you got it too.",
		},
		"ends of sentences, lines and invisible characters": {
			func(c *wording.Context) {
				c.Alert.Headline = "Evacuate\u202e now!\u200b"
				c.Alert.Instruction = "Go\r\n to  the\tschool…"
			},
			"MA State SOC, SEVERE, Boston: Evacuate now! Go to the school... Reply ACK K7Q, or 2 K7Q if you got it too.",
		},
		"letters outside GSM-7 are kept": {
			func(c *wording.Context) { c.Alert.Headline, c.Alert.Instruction = "Inundación – “río”", "" },
			"MA State SOC, SEVERE, Boston: Inundación - \"río\". Reply ACK K7Q, or 2 K7Q if you got it too.",
		},
		"an update of two": {
			func(c *wording.Context) {
				c.Alert.Type = alerting.TypeUpdate
				c.Corrects = []wording.Corrected{{Code: "A2C", Alert: c.Alert}, {Code: "C3E", Alert: c.Alert}}
			},
			"UPDATE, replaces A2C and C3E. MA State SOC, SEVERE, Boston: Phishing against election clerks. Do not open invoice mail. Reply ACK K7Q, or 2 K7Q if you got it too.",
		},
		"a cancel of nothing that is known": {
			func(c *wording.Context) { c.Alert.Type = alerting.TypeCancel },
			"FALSE ALARM. MA State SOC withdraws an earlier alert for Boston. Do not open invoice mail. Reply ACK K7Q.",
		},
		"a cancel a day later, with an instruction of its own": {
			func(c *wording.Context) {
				*c = corrected(t, alerting.TypeCancel)
				c.Alert.Sent = moment(t, "2026-11-04T01:00:00-05:00")
				c.Alert.Instruction = "Reopen the mail gateway"
			},
			"FALSE ALARM. MA State SOC withdraws K7Q (Boston, phishing, 07:12 on 3 Nov). Reopen the mail gateway. Reply ACK K8R.",
		},
		"labels of either kind": {
			func(c *wording.Context) {
				c.Alert.Responses = []alerting.Response{{Key: "1", Label: "On it!"}, {Key: "2", Label: "You got it too."}, {Key: "3", Label: "If power is out"}}
			},
			"MA State SOC, SEVERE, Boston: Phishing against election clerks. Do not open invoice mail. Reply ACK K7Q, or 1 K7Q: On it, 2 K7Q if you got it too, 3 K7Q if power is out.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := phishing(t)
			test.change(&c)
			assert.Equal(t, test.want, sms(c))
		})
	}
}

func TestLongTextsAreShortenedAtWords(t *testing.T) {
	c := phishing(t)
	c.Alert.Instruction = strings.Repeat("Leave by the north road, ", 40)
	text := sms(c)
	assert.Equal(t, 2, gsm7.Segments(text))
	assert.Contains(t, text, "SEVERE, Boston: Phishing against election clerks. Leave by the north road, ")
	assert.Regexp(t, `(road|Leave|by|the|north)\.\.\. Reply ACK K7Q, or 2 K7Q if you got it too\.$`, text)
	assert.Greater(t, gsm7.Length(text), 290, "the room that there is gets used")

	c.Alert.Headline = strings.Repeat("Phishing wave ", 28)
	text = sms(c)
	assert.Regexp(t, `Phishing wave\.\.\. Leave by the north road, .*\.\.\. Reply ACK K7Q, or 2 K7Q if you got it too\.$`, text)

	c.Alert.Instruction = ""
	assert.Greater(t, gsm7.Length(sms(c)), 285, "a title alone takes the room of both")
}

func TestSegmentBound(t *testing.T) {
	c := phishing(t)
	c.Alert.Instruction = strings.Repeat("Leave by the north road. ", 100)
	for _, test := range []struct {
		severity alerting.Severity
		bound    int
		want     int
	}{{alerting.Severe, 0, 2}, {alerting.Extreme, 0, 3}, {alerting.Minor, 1, 1}, {alerting.Extreme, 1, 2}, {alerting.Severe, 4, 4}} {
		d := desk()
		d.MaxSegments = test.bound
		c.Alert.Severity = test.severity
		assert.Equal(t, test.want, gsm7.Segments(compose(d, alerting.Short, c)), "%+v", test)
	}
}

func TestOffersYieldLast(t *testing.T) {
	c := phishing(t)
	c.Alert.Responses = nil
	for i := 1; i <= 9; i++ {
		c.Alert.Responses = append(c.Alert.Responses, alerting.Response{Key: fmt.Sprint(i), Label: strings.Repeat("x", 60)})
	}
	text := sms(c)
	assert.Equal(t, 2, gsm7.Segments(text))
	assert.Contains(t, text, "Phishing against")
	assert.Regexp(t, `Reply ACK K7Q, or 1 K7Q: x{60}(, [2-9] K7Q: x{60})*\.$`, text)
}

// What may not be cut is sent even where it exceeds the bound.
func TestBoundYieldsToWhatMayNotBeCut(t *testing.T) {
	d := desk()
	d.MaxSegments = 1
	d.SenderName = strings.Repeat("Ř", 60)
	text := compose(d, alerting.Short, phishing(t))
	assert.Contains(t, text, d.SenderName+", SEVERE, Boston: Phishing")
	assert.Contains(t, text, "Reply ACK K7Q")
	assert.Equal(t, 2, gsm7.Segments(text))
}

func TestExtrasOnlyWhereThereIsRoom(t *testing.T) {
	c, d := phishing(t), desk()
	c.PossibleDuplicate = true
	assert.NotContains(t, compose(d, alerting.Short, c), "http", "no link unless configured")
	d.LinksInSMS = true
	assert.Contains(t, compose(d, alerting.Short, c), "too. (may be a repeat) Or open https://alerts.example.org/a/t0ken")
	c.Alert.Instruction = strings.Repeat("x ", 500)
	text := compose(d, alerting.Short, c)
	assert.NotContains(t, text, "repeat")
	assert.Regexp(t, `Reply ACK K7Q, or 2 K7Q if you got it too\.$`, text)
}

// For any text in an alert: the message says who, how grave, where and how to reply, carries the
// status first and last, keeps the bound, and has nothing that a phone can't show.
func FuzzShort(f *testing.F) {
	f.Add("Phishing", "Do not open mail.", "Text.", "Need help", uint8(0))
	f.Add("", "", "Nur Text", "you got it too", uint8(5))
	f.Add(strings.Repeat("Überflutung ", 40), strings.Repeat("避難してください。", 90), "\x00\u202e", "👨\u200d🚒", uint8(7))
	f.Add(strings.Repeat("{", 400), "Reply STOP\nEXERCISE", "\xff\u2028", "", uint8(11))
	f.Fuzz(func(t *testing.T, headline, instruction, description, label string, choice uint8) {
		c := phishing(t)
		c.Alert.Status = []alerting.Status{alerting.StatusActual, alerting.StatusExercise, alerting.StatusTest}[choice%3]
		c.Alert.Type = alerting.MessageTypes[choice/3%3]
		c.Alert.Severity = alerting.Severities[choice/9%5]
		c.Alert.Headline, c.Alert.Instruction, c.Alert.Description = headline, instruction, description
		c.Alert.Responses = []alerting.Response{{Key: "1", Label: label}}
		text := sms(c)

		bound := wording.DefaultSegments
		if c.Alert.Severity == alerting.Extreme {
			bound++
		}
		assert.LessOrEqual(t, gsm7.Segments(text), bound, text)
		assert.Contains(t, text, "MA State SOC")
		assert.Contains(t, text, "Reply ACK K7Q")
		assert.Contains(t, text, "Boston")
		if c.Alert.Type != alerting.TypeCancel {
			assert.Contains(t, text, strings.ToUpper(string(c.Alert.Severity)))
		}
		checkText(t, text)
		if word := upper(c.Alert.Status); c.Alert.Status != alerting.StatusActual {
			for _, whole := range []string{text, compose(desk(), alerting.Chat, c), strings.TrimSpace(compose(desk(), alerting.Mail, c))} {
				assert.True(t, strings.HasPrefix(whole, word) && strings.HasSuffix(whole, word), whole)
			}
		}
	})
}

func checkText(t *testing.T, text string) {
	t.Helper()
	assert.True(t, utf8.ValidString(text))
	assert.Equal(t, -1, strings.IndexFunc(text, unicode.IsControl), "%q", text)
	assert.NotContains(t, text, "  ")
}
