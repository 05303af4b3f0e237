package tracking

import "revere/alerting"

// unnamed reports whether an attempt may have gone out of which the provider told no id: what people say to
// that message names one that is not known.
func (a *alert) unnamed(d *delivery) bool {
	for n := uint16(1); n <= d.attempts; n++ {
		if a.wentUnnamed(d, n) {
			return true
		}
	}
	return false
}

// wentUnnamed is unnamed for one attempt. The last word on it counts, since asking may show that the provider does
// not have it; but no later word undoes that it was taken.
func (a *alert) wentUnnamed(d *delivery, attempt uint16) bool {
	last, went := true, false
	for e := range a.history.backwards(d.history) {
		if e.attempt != attempt {
			continue
		}
		if e.providerID != 0 {
			return false
		}
		went = went || last && e.state.WentOut() || e.state.Outranks(alerting.Unknown)
		last = false
	}
	return went
}
