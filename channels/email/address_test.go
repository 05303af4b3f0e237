package email_test

import (
	"net/mail"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"revere/channels/email"
)

func TestParseAddress(t *testing.T) {
	for in, want := range map[string]string{
		"clerk@boston.gov":               "clerk@boston.gov",
		"  clerk@boston.gov\t":           "clerk@boston.gov",
		"Clerk@Boston.GOV":               "Clerk@boston.gov",
		"o'brien+alerts@town.ma.us":      "o'brien+alerts@town.ma.us",
		`"desk 1"@boston.gov`:            `"desk 1"@boston.gov`,
		"clerk@xn--bcher-kva.example":    "clerk@xn--bcher-kva.example",
		strings.Repeat("a", 64) + "@b.c": strings.Repeat("a", 64) + "@b.c",
	} {
		got, err := email.ParseAddress(in)
		require.NoError(t, err, in)
		require.Equal(t, want, got)
	}
}

func TestParseAddressSaysWhatIsWrong(t *testing.T) {
	for in, says := range map[string]string{
		"":                                     "empty",
		"clerk":                                "not a mail address",
		"clerk@":                               "not a mail address",
		"@boston.gov":                          "not a mail address",
		"clerk@boston":                         "complete domain",
		"clerk@boston..gov":                    "not a mail address",
		"clerk@-boston.gov":                    "not a domain name",
		"clerk@[192.0.2.1]":                    "",
		"clerk@bos_ton.gov":                    "not a domain name",
		"Clerk <clerk@boston.gov>":             "write only the address",
		"<clerk@boston.gov>":                   "write only the address",
		"clerk@boston.gov (Clerk)":             "write only the address",
		"clerk@boston.gov, mayor@x.gov":        "not a mail address",
		"clërk@boston.gov":                     "ASCII",
		"clerk@bücher.example":                 "xn--",
		"clerk@boston.gov\r\nBcc: x@y.gov":     "ASCII",
		strings.Repeat("a", 65) + "@b.c":       "before the @",
		"a@" + strings.Repeat("b.", 130) + "c": "254",
		"a@" + strings.Repeat("b", 64) + ".c":  "domain name",
	} {
		got, err := email.ParseAddress(in)
		require.Error(t, err, "%q became %q", in, got)
		require.ErrorContains(t, err, says)
	}
}

// What is accepted stays as it is, and names one recipient who can be written to.
func FuzzParseAddress(f *testing.F) {
	for _, seed := range []string{"clerk@boston.gov", `"a b"@x.org`, "<a@b.c>", "a@b.c (x)", "a@b.c\r\nBcc: d@e.f", `"a\"<>"@b.c`, "a@[1.2.3.4]"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := email.ParseAddress(in)
		if err != nil {
			return
		}
		again, err := email.ParseAddress(got)
		require.NoError(t, err)
		require.Equal(t, got, again)
		require.NotContains(t, got, "\r")
		require.NotContains(t, got, "\n")
		parsed, err := mail.ParseAddress(got)
		require.NoError(t, err)
		require.Empty(t, parsed.Name)
	})
}
