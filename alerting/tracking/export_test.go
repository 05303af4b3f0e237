package tracking

// The histories of the tests are short: an alert among them is read by itself where that spares a message.
func init() { beginning = 1 }
