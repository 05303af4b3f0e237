package email

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
)

// Limits of an address in bytes: RFC 5321 sections 4.5.3.1.1 to 4.5.3.1.3 (a path of 256 holds the
// address between angle brackets), and RFC 1035 section 2.3.4 for a label.
const (
	maxAddress = 254
	maxLocal   = 64
	maxLabel   = 63
)

// ParseAddress brings a mail address (RFC 5322 addr-spec, ASCII) into the one form that the
// directory keeps: white space around it dropped, the domain in lower case, the local part as it
// is, since only its own server knows whether case matters there.
func ParseAddress(s string) (string, error) {
	s = strings.TrimSpace(s)
	shown := s
	if len(shown) > 80 {
		shown = strings.ToValidUTF8(shown[:80], "") + "…"
	}
	if s == "" {
		return "", errors.New("the mail address is empty; write one such as clerk@boston.gov")
	}
	if len(s) > maxAddress {
		return "", fmt.Errorf("the mail address %q is %d characters, more than the %d that one may have", shown, len(s), maxAddress)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
		return "", fmt.Errorf("the mail address %q has a character that is not plain ASCII; write an international domain in its xn-- form", shown)
	}
	parsed, err := mail.ParseAddress(s)
	if err != nil {
		return "", fmt.Errorf("%q is not a mail address such as clerk@boston.gov", shown)
	}
	if parsed.Name != "" || strings.HasSuffix(s, ">") {
		return "", fmt.Errorf("%q is more than a mail address; write only the address, %s", shown, parsed.Address)
	}
	local, domain := splitAddress(parsed.Address)
	if len(local) > maxLocal {
		return "", fmt.Errorf("the mail address %q has %d characters before the @, more than the %d allowed", shown, len(local), maxLocal)
	}
	if err := checkDomain(domain); err != nil {
		return "", fmt.Errorf("the mail address %q: %w", shown, err)
	}
	// String quotes a local part that needs it, which Address has not.
	canonical := (&mail.Address{Address: local + "@" + strings.ToLower(domain)}).String()
	return strings.Trim(canonical, "<>"), nil
}

func splitAddress(address string) (local, domain string) {
	at := strings.LastIndexByte(address, '@')
	return address[:at], address[at+1:]
}

func checkDomain(domain string) error {
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return fmt.Errorf("%q is not a complete domain such as boston.gov", domain)
	}
	for _, label := range labels {
		if !validLabel(label) {
			return fmt.Errorf("%q is not a domain name (letters, digits and inner hyphens between dots)", domain)
		}
	}
	return nil
}

func validLabel(label string) bool {
	if label == "" || len(label) > maxLabel || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	return !strings.ContainsFunc(label, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-'
	})
}
