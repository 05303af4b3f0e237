package channels

// NorthAmerican reports whether s is a number of the North American Numbering Plan in E.164,
// "+16175550100": ten digits, of which neither the area code nor the exchange begins with 0 or 1
// (https://www.nanpa.com). The 555-01XX numbers kept for fiction pass. Such a number is in the one form
// that the directory keeps, and possible by phonenumbers' metadata, which asks there for the length
// only: a channel need not parse it, which takes a hundred times longer. Nearly all numbers of an
// import are like that.
func NorthAmerican(s string) bool {
	const form = "+1NxxNxxxxxx" // N is 2 to 9
	if len(s) != len(form) || s[:2] != form[:2] {
		return false
	}
	for i := 2; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' || form[i] == 'N' && s[i] < '2' {
			return false
		}
	}
	return true
}
