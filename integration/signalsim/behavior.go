package signalsim

import "time"

// A Behavior is how the bridge treats every request to send. At most one of the faults that answer
// instead of sending should be set.
type Behavior struct {
	// Latency passes before anything is answered.
	Latency time.Duration
	// AnswerDelay passes between the taking of a message, of which receipts may tell, and the answer.
	AnswerDelay time.Duration
	// Times is how many sends the behavior is for, after which the bridge works; 0 is all.
	Times int
	// Hang takes the message and never answers, as when the daemon behind the bridge has died.
	Hang bool
	// HangBefore never answers either, and takes nothing.
	HangBefore bool
	// CutBefore drops the connection before the message is taken, CutAfter once it is.
	CutBefore, CutAfter bool
	// Status and Error answer instead of taking anything: 429 and its like. RetryAfter, in whole
	// seconds, and ChallengeTokens go with it. One of the 300s leads to another page.
	Status          int
	Error           string
	RetryAfter      time.Duration
	ChallengeTokens []string
	// Locked answers everything, Check's questions too, with 401, as a proxy in front would.
	Locked bool
	// NotJSON takes the message and answers 201 with a page instead of JSON.
	NotJSON bool
	// Empty takes the message and answers 200 without a body.
	Empty bool
	// CutAnswer takes the message and drops the connection within the answer.
	CutAnswer bool
	// Array answers with an array of objects, as newer versions do.
	Array bool
	// Refuse gives the error with which a recipient is refused (400).
	Refuse map[string]string
	// Partly gives the reason with which a recipient is listed as failed beside a 201, as newer
	// versions do.
	Partly map[string]string
	// CrashAbove kills the daemon when more sends than this are under way at once; 0 never does.
	CrashAbove int
}

// The errors that the real bridge words itself or passes on from signal-cli.
const (
	ErrorUnregistered = "Failed to send (some) messages:\n%[1]s: Unregistered user \"%[1]s\"\n"
	ErrorIdentity     = "Failed to send (some) messages:\n%[1]s: Untrusted Identity for \"%[1]s\"\n"
	ErrorNetwork      = "Failed to send (some) messages:\n%[1]s: Network failure for \"%[1]s\"\n"
	ErrorCaptcha      = "Failed to send (some) messages:\n%[1]s: CAPTCHA proof required for sending to \"%[1]s\", available options \"CAPTCHA\" with challenge token \"594dd041-0000-4000-8000-7f1ff5d76290\", or wait \"86400\" seconds.\n"
	ErrorRateLimit    = "Failed to send message due to rate limiting"
	ErrorNoAccount    = "Specified account does not exist"
	ErrorBadNumber    = "Invalid phone number '%s'"
)
