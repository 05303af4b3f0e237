package email

import (
	"fmt"
	"strings"

	"revere/alerting"
)

// A verp makes envelope senders that name what they are about (variable envelope return path), so
// that a bounce tells which attempt it is of, whatever the mail system put into it.
type verp struct{ local, domain string }

func parseVERP(address string) (verp, error) {
	canonical, err := ParseAddress(address)
	if err != nil {
		return verp{}, err
	}
	local, domain := splitAddress(canonical)
	if len(local) > maxBounceLocal || strings.ContainsAny(local, `+"`) {
		return verp{}, fmt.Errorf("%q has to have at most %d characters before the @, and no + or quotes: Revere adds +<attempt> there", address, maxBounceLocal)
	}
	return verp{local: local, domain: domain}, nil
}

func (v verp) enabled() bool { return v.domain != "" }

func (v verp) sender(ref alerting.Ref) string {
	return v.local + "+" + ref.String() + "@" + v.domain
}

// ref reads the attempt back from an envelope recipient. Case does not matter: mail systems fold it.
func (v verp) ref(recipient string) (alerting.Ref, bool) {
	rest, ok := strings.CutPrefix(strings.ToLower(recipient), strings.ToLower(v.local)+"+")
	if !ok || !v.enabled() {
		return alerting.Ref{}, false
	}
	name, ok := strings.CutSuffix(rest, "@"+v.domain)
	if !ok || strings.ContainsFunc(name, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' }) {
		return alerting.Ref{}, false
	}
	ref, err := alerting.ParseRef(name)
	return ref, err == nil && ref.Alert != ""
}
