package alerting

// A Glimpse is what can be told of a message before it is judged: enough to say which of those that
// wait is judged first.
type Glimpse struct {
	// Severity is "" where the message does not say it in a way that can be understood.
	Severity Severity
	// Type says whether it corrects others.
	Type MessageType
	// ID is the producer's own; "" where there is none.
	ID string
	// References are what a correction names.
	References []string
}

// Glance reads the little that a Glimpse has, as Intake.Decode reads it. It is false for what is no
// alert at all and will be refused whatever it is compared with.
func Glance(raw []byte) (Glimpse, bool) {
	fields, err := fieldsOf(raw)
	if err != nil {
		return Glimpse{}, false
	}
	d := &decoder{fields: fields} // its problems are told when the message is judged
	g := Glimpse{ID: d.line("id", maxID), Type: value(d, "type", MessageTypes, TypeAlert), Severity: value(d, "severity", Severities, "")}
	if g.Type.Corrects() {
		g.References = d.strings("references")
	}
	return g, true
}
