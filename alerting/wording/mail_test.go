package wording_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
	"revere/alerting/wording"
)

func mail(c wording.Context) (subject, text, html string) { return desk().Compose(alerting.Mail, c) }

func TestOnlyMailHasSubjectAndHTML(t *testing.T) {
	for _, format := range []alerting.Format{alerting.Short, alerting.Chat} {
		subject, text, html := desk().Compose(format, phishing(t))
		assert.Empty(t, subject)
		assert.NotEmpty(t, text)
		assert.Empty(t, html)
	}
}

func TestAlertTextIsNeverMarkup(t *testing.T) {
	const hostile = `<script>alert(1)</script><img src=x onerror=y>"'` + "\r\nBcc: x@example.net"
	c := phishing(t)
	c.Alert.Headline, c.Alert.Instruction, c.Alert.Description, c.Alert.Contact = hostile, hostile, hostile, hostile
	c.Alert.SenderName, c.Alert.Language = hostile, `en" onload="x`
	c.Alert.Responses[0].Label = hostile
	c.Alert.Web = "javascript:alert(1)"
	subject, _, html := mail(c)
	assert.NotContains(t, subject, "\n")
	for _, markup := range []string{"<script", "<img", `onload="`, `href="javascript`, "ZgotmplZ"} {
		assert.NotContains(t, html, markup)
	}
	assert.Contains(t, html, "&lt;script&gt;")
	assert.Contains(t, html, "javascript:alert(1)", "what is no web address is shown, not linked")
}

func TestMailNeedsNothingFromTheNet(t *testing.T) {
	_, _, html := mail(phishing(t))
	for _, tag := range []string{"<img", "<link", "<script", "<iframe", "src=", "url("} {
		assert.NotContains(t, html, tag)
	}
	assert.Equal(t, 2, strings.Count(html, "href="), "the acknowledgement page and the alert's own page")
}

func TestHowToAcknowledgeByMail(t *testing.T) {
	c := phishing(t)
	c.Alert.Responses = []alerting.Response{{Key: "1", Label: "On it"}, {Key: "2", Label: "Need help"}}
	_, text, html := mail(c)
	assert.Contains(t, text, "Open the page, then press Acknowledge. Opening it alone does not acknowledge.\nThere you can also answer “On it” or “Need help”.\nhttps://alerts.example.org/a/t0ken\n")
	assert.Contains(t, html, `<a href="https://alerts.example.org/a/t0ken"`)

	c.AckURL = ""
	_, text, html = mail(c)
	assert.Contains(t, text, "ACKNOWLEDGE\nCall 617-555-0100 and give the code K7Q.")
	assert.NotContains(t, html, "/a/")
}

func TestContactClosesMail(t *testing.T) {
	_, text, _ := mail(phishing(t))
	assert.True(t, strings.HasSuffix(text, "\nContact: SOC duty officer, soc@sec.state.ma.us\n"), text)
}

// A cancel that was made from a copy of its alert must not repeat what was false.
func TestWithdrawalRepeatsNothingThatWasFalse(t *testing.T) {
	c := corrected(t, alerting.TypeCancel)
	for _, text := range []string{compose(desk(), alerting.Mail, c), compose(desk(), alerting.Chat, c), sms(c)} {
		assert.NotContains(t, text, "Do not open")
		assert.NotContains(t, text, "Invoice 4471")
		assert.NotContains(t, text, "advisory/4471")
		assert.Contains(t, text, "Take no action.")
	}
	c.Alert.Headline, c.Alert.Description = "The mails were a drill of the bank", "No account is at risk."
	text := compose(desk(), alerting.Mail, c)
	assert.Contains(t, text, "WHAT\nWithdrawn: K7Q, Phishing against election clerks (Boston, Tue 3 Nov 2026, 07:12 EST).\n\nThe mails were a drill of the bank\n\nNo account is at risk.\n")
	assert.Contains(t, compose(desk(), alerting.Chat, c), "No account is at risk.")
}

func TestCorrectionOfWhatIsNotKnown(t *testing.T) {
	c := corrected(t, alerting.TypeUpdate)
	c.Corrects = nil
	subject, text, _ := mail(c)
	assert.Equal(t, "UPDATE. SEVERE, Boston: Phishing against clerks and poll workers [K8R]", subject)
	assert.Contains(t, text, "Replaced: an earlier alert.")
}

func TestSubjectIsBounded(t *testing.T) {
	c := phishing(t)
	c.Alert.Headline = strings.Repeat("Phishing ", 44)
	subject, text, _ := mail(c)
	assert.Less(t, len(subject), 160)
	assert.True(t, strings.HasSuffix(subject, "Phishing... [K7Q]"), subject)
	assert.Contains(t, text, strings.TrimSpace(c.Alert.Headline), "the body has it whole")
}

func TestMissingInstruction(t *testing.T) {
	c := phishing(t)
	c.Alert.Instruction = ""
	assert.Contains(t, compose(desk(), alerting.Mail, c), "DO\nAcknowledge this alert.\n")
}
