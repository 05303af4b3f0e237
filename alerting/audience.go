package alerting

// A Candidate is someone whom an alert concerns, with the contacts that it may use in the order of
// preference. A contact that must not be used carries why in Suppressed.
type Candidate struct {
	Recipient Recipient // without contacts
	Contacts  []Planned
}

// An Audience knows whom an alert concerns.
type Audience interface {
	// Match returns whom an alert for these areas concerns, in an order that depends on the
	// directory only, and the revision of the directory that says so. Uncovered are the
	// municipalities within the areas where nobody is subscribed.
	Match(areas []Area, severity Severity, categories []string) (concerned []Candidate, uncovered []Area, revision uint64)
}
