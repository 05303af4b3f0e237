package email

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Reports as mail systems write them: Postfix, Exchange (base 64, comments), Gmail (several
// recipients), and one that was cut off in the returned mail.
var reports = map[string]struct {
	fields string
	want   []status
}{
	"postfix": {
		"Reporting-MTA: dns; mail.example.com\r\nX-Postfix-Queue-ID: 4F2\r\nArrival-Date: Mon, 3 Nov 2026 07:12:00 -0500 (EST)\r\n\r\n" +
			"Final-Recipient: rfc822; clerk@boston.gov\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n    <clerk@boston.gov>: user unknown\r\n",
		[]status{{"failed", "5.1.1", "smtp; 550 5.1.1 <clerk@boston.gov>: user unknown"}},
	},
	"comments and case": {
		"Reporting-MTA: dns;x\r\n\r\nAction: Failed (mailbox unavailable)\r\nStatus: 5.2.2 (full)\r\n",
		[]status{{"failed", "5.2.2", ""}},
	},
	"several": {
		"\r\n\r\nReporting-MTA: dns;x\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n",
		[]status{{"failed", "5.1.1", ""}, {"delivered", "2.0.0", ""}},
	},
	"no status": {
		"Reporting-MTA: dns;x\r\n\r\nAction: failed\r\nStatus: unknown\r\n",
		[]status{{"failed", "", ""}},
	},
}

func inReport(fields string) string {
	return "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" +
		"--b\r\nContent-Type: text/plain; charset=x-unheard-of\r\n\r\nsorry\r\n" +
		"--b\r\nContent-Type: message/delivery-status\r\n\r\n" + fields + "\r\n" +
		"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: cut o"
}

func TestReadReport(t *testing.T) {
	for name, test := range reports {
		t.Run(name, func(t *testing.T) {
			got, err := readReport([]byte(inReport(test.fields)))
			require.NoError(t, err)
			for i := range got {
				got[i].diagnostic = oneLine(got[i].diagnostic)
			}
			require.Equal(t, test.want, got)
		})
	}
}

func TestReadReportInBase64(t *testing.T) {
	const fields = "UmVwb3J0aW5nLU1UQTogZG5zO3gNCg0KQWN0aW9uOiBmYWlsZWQNClN0YXR1czogNS4xLjENCg=="
	mail := strings.Replace(inReport(fields), "message/delivery-status\r\n", "message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n", 1)
	got, err := readReport([]byte(mail))
	require.NoError(t, err)
	require.Equal(t, []status{{"failed", "5.1.1", ""}}, got)
}

func TestReadReportRefuses(t *testing.T) {
	for name, mail := range map[string]string{
		"nothing":            "",
		"plain mail":         "Subject: hi\r\n\r\nAction: failed\r\nStatus: 5.1.1\r\n",
		"no status part":     "Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b--\r\n",
		"status of nobody":   inReport("Reporting-MTA: dns;x\r\n"),
		"status is no field": inReport("it failed\r\n"),
	} {
		statuses, err := readReport([]byte(mail))
		require.Error(t, err, name)
		require.Empty(t, statuses, name)
	}
}

// Strangers' mail never does harm: what is read is bounded, and every code has its form.
func FuzzReadReport(f *testing.F) {
	for _, test := range reports {
		f.Add([]byte(inReport(test.fields)))
	}
	f.Add([]byte("Content-Type: multipart/report; boundary=\"\"\r\n\r\n----\r\n"))
	f.Add([]byte("Auto-Submitted: auto-replied\r\n\r\n"))
	f.Fuzz(func(t *testing.T, mail []byte) {
		statuses, err := readReport(mail)
		isAutomatic(mail) // must not panic
		if err != nil {
			require.Empty(t, statuses)
			return
		}
		require.NotEmpty(t, statuses)
		require.LessOrEqual(t, len(statuses), maxRecipients+1)
		for _, s := range statuses {
			require.Equal(t, strings.ToLower(s.action), s.action)
			if s.code != "" {
				require.Regexp(t, `^[245]\.\d{1,3}\.\d{1,3}$`, s.code)
			}
		}
	})
}
