package twiliosim

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Behavior says how messages to a number fare. The zero value accepts at once and delivers.
type Behavior struct {
	// Latency passes before the request is looked at.
	Latency time.Duration
	// AnswerDelay passes between the message's acceptance, of which receipts tell, and the answer.
	AnswerDelay time.Duration
	// ReceiptDelay passes before each receipt.
	ReceiptDelay time.Duration
	// Outcome is what becomes of an accepted message, and ErrorCode the reason where it did not arrive.
	Outcome   Outcome
	ErrorCode int
	// Receipts is how the status callbacks come.
	Receipts Receipts
	// Landline refuses the number as one that can't receive SMS (21614).
	Landline bool
	// Answer, where set, is given in place of Twilio's own.
	Answer *Answer
	// Fault breaks the exchange.
	Fault Fault
	// Times is how many messages the behavior is for, after which it is dropped; 0 is all.
	Times int
}

// An Outcome is how far a message comes.
type Outcome string

// The outcomes.
const (
	Delivered   Outcome = "" // the phone has it
	SentOnly    Outcome = "sent"
	Undelivered Outcome = "undelivered"
	Failed      Outcome = "failed"
	ReadByUser  Outcome = "read"
)

// Receipts is how the status callbacks of a message come.
type Receipts int

// The ways.
const (
	InOrder    Receipts = iota
	None                // the message fares as its outcome says, and nobody is told
	Twice               // each receipt comes two times
	OutOfOrder          // the last comes first
)

// A Fault is a way in which an exchange breaks.
type Fault int

// The faults. "Before" is before the message is accepted, "after" is after it.
const (
	NoFault     Fault = iota
	CutBefore         // the request is read and the connection closed
	CutAfter          // the message is accepted and the connection closed, without an answer
	CutAnswer         // the message is accepted and the connection closed within the answer
	HangBefore        // no answer until the caller gives up
	HangAfter         // the message is accepted; no answer until the caller gives up
	EmptyAnswer       // the message is accepted and answered 200 without a body
)

// An Answer is an HTTP answer of the test's own.
type Answer struct {
	Status int
	Header map[string]string
	Body   string
	// Accept takes the message all the same.
	Accept bool
	// Hang keeps who reads waiting until they give up.
	Hang bool
	// Times is how many reads are answered so, after which the account answers itself; 0 is all.
	Times int
}

// Refuse is the answer by which Twilio refuses with one of its error codes.
func Refuse(status, code int) *Answer {
	return &Answer{
		Status: status,
		Header: map[string]string{"Content-Type": "application/json"},
		Body:   restError{status, code, "refused as the test asked"}.json(),
	}
}

// Throttle is the answer to a caller who is too fast. Without retryAfter the header is left out.
func Throttle(retryAfter time.Duration) *Answer {
	a := Refuse(http.StatusTooManyRequests, 20429)
	if retryAfter > 0 {
		a.Header["Retry-After"] = strconv.Itoa(int(retryAfter.Seconds()))
	}
	return a
}

func (a *Answer) write(w http.ResponseWriter) {
	for key, value := range a.Header {
		w.Header().Set(key, value)
	}
	w.WriteHeader(a.Status)
	w.Write([]byte(a.Body)) //nolint:errcheck // The caller may have gone away.
}

type knobs struct {
	mu      sync.Mutex
	all     Behavior
	byTo    map[string]Behavior
	reads   *Answer
	read    int // how many reads were answered so
	inbound string
}

// SetBehavior sets how messages fare to every number that has no behavior of its own.
func (s *Server) SetBehavior(b Behavior) {
	s.knobs.mu.Lock()
	defer s.knobs.mu.Unlock()
	s.knobs.all = b
}

// SetBehaviorFor sets how messages to one number fare.
func (s *Server) SetBehaviorFor(to string, b Behavior) {
	s.knobs.mu.Lock()
	defer s.knobs.mu.Unlock()
	if s.knobs.byTo == nil {
		s.knobs.byTo = make(map[string]Behavior)
	}
	s.knobs.byTo[to] = b
}

// SetReadAnswer gives every read (lists, messages, account, numbers) the same answer; nil is the
// account's own.
func (s *Server) SetReadAnswer(a *Answer) {
	s.knobs.mu.Lock()
	defer s.knobs.mu.Unlock()
	s.knobs.reads, s.knobs.read = a, 0
}

// SetInboundURL sets where messages to the account's numbers are posted, as one does for a number in
// Twilio's console: public_url and /webhooks/twilio/messages.
func (s *Server) SetInboundURL(url string) {
	s.knobs.mu.Lock()
	defer s.knobs.mu.Unlock()
	s.knobs.inbound = url
}

func (k *knobs) readAnswer() *Answer {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.reads != nil && k.reads.Times > 0 {
		if k.read++; k.read > k.reads.Times {
			k.reads = nil
		}
	}
	return k.reads
}

func (k *knobs) inboundURL() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.inbound
}

// next returns the behavior for one message to a number, and uses up one of its times.
func (k *knobs) next(to string) Behavior {
	k.mu.Lock()
	defer k.mu.Unlock()
	b, own := k.byTo[to]
	if !own {
		b = k.all
	}
	if b.Times == 0 {
		return b
	}
	left := b
	left.Times--
	switch {
	case own && left.Times == 0:
		delete(k.byTo, to)
	case own:
		k.byTo[to] = left
	case left.Times == 0:
		k.all = Behavior{}
	default:
		k.all = left
	}
	return b
}
