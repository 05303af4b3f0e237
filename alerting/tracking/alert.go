package tracking

import (
	"encoding/binary"
	"strconv"
	"time"

	"github.com/bits-and-blooms/bloom/v3"

	"revere/alerting"
)

// An alert is one alert's part of the board.
type alert struct {
	key            alerting.Key
	opened         *alerting.Opened // never changed: replaced when the alert is widened; brief where the alert is bare
	bytes          int              // that what it says takes in memory, about; 0 of a bare one
	openedAt       time.Time
	first          uint64 // the ledger's sequence that opened it
	latest         uint64 // the newest of its records
	readTo         uint64 // how far its records were read by themselves, before the board read the ledger; 0 else
	spans          spans  // all of them
	latestAt       time.Time
	ended          uint64 // the record that ended it; 0 while it takes place
	withdrawn      *alerting.Withdrawn
	expired        bool
	duringExercise bool // an exercise was open when this was opened
	manifested     bool
	givenUp        string     // of a correction that goes to nobody, since no list of people could be made: what the desk was told
	parts          []gathered // of a manifest that is not complete yet
	revision       uint64     // the directory's, of the newest manifest

	bare       bool               // filed, and without its details: people, deliveries, history
	people     int                // how many recipients a bare alert has
	unclear    int                // how many deliveries of a bare alert nobody knows the end of
	filed      uint64             // the newest record that what is filed knows of; 0 when nothing is
	traces     *bloom.BloomFilter // of a filed one; nil when it is long past
	recalled   time.Time          // when its details were last read again
	recalling  *recalling         // they are being read
	unreadable bool               // the last time that they were read failed
	asleep     bool               // it, or what it quotes, is being read: nothing of it is due yet

	texts      texts // of the recipients and the deliveries
	recipients []recipient
	contacts   []uint32 // of all recipients, one behind the other
	bySub      []uint32 // recipients in the order of their subscribers' ids; nil until somebody asks
	deliveries []delivery
	manifests  []listed
	index      index
	shared     map[uint32][]uint32         // recipients of the deliveries that have more than one
	notices    map[uint32]*alerting.Notice // by delivery
	answers    map[uint32][]*answer        // by recipient
	history    history
	uncovered  []alerting.Area
	remarks    []remark
	queues     map[string]*queue   // by channel
	helped     map[string]bool     // channel and address of those who were sent a help text
	noticed    map[string][]uint32 // the notices to a channel and address
	tally      tally
}

// listed is when a manifest was taken in, and the first delivery that it made.
type listed struct {
	from uint32
	at   moment
}

func newAlert(key alerting.Key) *alert {
	return &alert{
		key: key, shared: map[uint32][]uint32{}, notices: map[uint32]*alerting.Notice{}, answers: map[uint32][]*answer{},
		queues: map[string]*queue{}, helped: map[string]bool{}, noticed: map[string][]uint32{}, tally: newTally(),
	}
}

// open reports whether the alert still takes place: neither over, nor replaced.
func (a *alert) open() bool { return !a.expired && a.withdrawn == nil }

func (a *alert) severity() alerting.Severity { return a.opened.Alert.Severity }

// A delivery is one message to one address.
type delivery struct {
	id          uint64 // the first half of its DeliveryID
	address     text
	activatedAt moment
	retryAt     moment
	recipient   [1]uint32 // the first of those who share it
	history     uint32    // its newest entry, counted from 1
	ticket      uint32    // of its one valid place in the outbox
	attempts    uint16
	channel     uint16         // in the board's list
	state       alerting.State // the highest evidence
	prior       alerting.State // the highest evidence from attempts before the newest
	traits      traits
}

// traits are what is true of a delivery besides its state.
type traits uint8

const (
	active   traits = 1 << iota // used, or in use
	listedOn                    // due from its manifest on: the history begins with that
	optedOut                    // STOP came from the address during the alert
	refused                     // a receipt said that the newest attempt failed for good
	orphan                      // belongs to no recipient: a notice
	uncalled                    // the newest attempt came on record when the alert was over: no dispatcher made it
)

func (t traits) has(x traits) bool { return t&x != 0 }

func (t *traits) set(x traits, yes bool) {
	*t &^= x
	if yes {
		*t |= x
	}
}

func (d *delivery) active() bool { return d.traits.has(active) }

func (a *alert) notice(i uint32) *alerting.Notice {
	if !a.deliveries[i].traits.has(orphan) {
		return nil
	}
	return a.notices[i]
}

// behind are the recipients of a delivery, not to be kept.
func (a *alert) behind(i uint32) []uint32 {
	d := &a.deliveries[i]
	if d.traits.has(orphan) || d.recipient[0] == nobody {
		return nil
	}
	if all, shared := a.shared[i]; shared {
		return all
	}
	return d.recipient[:]
}

// A recipient is a subscriber whom the alert concerns.
type recipient struct {
	card     text   // who it is
	areas    uint32 // in the board's lists
	teams    uint32
	contacts uint32 // where their deliveries begin in the alert's list, in the order of preference
	rungs    uint16 // how many those are
	status   status
}

// status is what is true of a recipient.
type status uint8

const (
	reached   status = 1 << iota // a provider took a message for them
	arrived                      // a receipt says that a device has it
	answered                     // they, or who shares their desk, answered
	gapped                       // nothing can reach them any more
	gapSeen                      // a coverage gap was remarked
	deskShare                    // a desk reads the address, not one person
)

func (s status) has(x status) bool { return s&x != 0 }

func (a *alert) card(r *recipient) card { return card(a.texts.at(r.card)) }

func (a *alert) cardOf(i uint32) card { return a.card(&a.recipients[i]) }

func (a *alert) address(d *delivery) string { return a.texts.at(d.address) }

// rungs are a recipient's deliveries in the order of preference.
func (a *alert) rungs(r *recipient) []uint32 {
	return a.contacts[r.contacts : r.contacts+uint32(r.rungs)]
}

// id names a delivery: hash(alert, channel, address). Confirmations to one address are told apart
// by their place.
func (b *Board) id(a *alert, i uint32) alerting.DeliveryID {
	d := &a.deliveries[i]
	address := a.address(d)
	if d.traits.has(orphan) {
		address += " notice " + strconv.Itoa(int(i))
	}
	return alerting.NewDeliveryID(a.key, b.channel(d), address)
}

func half(id alerting.DeliveryID) uint64 { return binary.BigEndian.Uint64(id[:]) }

// find returns the delivery with an id.
func (b *Board) find(a *alert, id alerting.DeliveryID) (uint32, bool) {
	return a.index.find(a.deliveries, half(id), func(i uint32) bool { return b.id(a, i) == id })
}

// findAddress returns the delivery to an address.
func (b *Board) findAddress(a *alert, channel, address string) (uint32, bool) {
	return a.index.find(a.deliveries, half(alerting.NewDeliveryID(a.key, channel, address)), func(i uint32) bool {
		d := &a.deliveries[i]
		return a.address(d) == address && b.channel(d) == channel && !d.traits.has(orphan)
	})
}

type remark struct {
	alerting.Remark
	at time.Time
}

func (b *Board) lane(a *alert, d *delivery) int {
	if d.traits.has(orphan) {
		return alerting.LaneNotices
	}
	return a.severity().Rank()
}

// lost reports whether the contact brings the person nothing more: it is dead, closed by STOP, or
// nobody knows what it brought and nobody will ask again.
func (d *delivery) lost() bool {
	return d.state.Dead() || d.traits.has(optedOut) || d.state == alerting.Unknown && d.retryAt == 0
}

// attempted reports whether anything was ever tried.
func (d *delivery) attempted() bool { return d.attempts > 0 }

// reserve reports whether the contact has not been used.
func (d *delivery) reserve() bool { return !d.active() && d.state == alerting.Queued }

// possibleDuplicate reports whether an earlier attempt may have reached the person.
func (d *delivery) possibleDuplicate() bool {
	return d.state == alerting.Unknown || d.prior == alerting.Unknown
}

// lastAttempt is when the newest attempt was recorded.
func (a *alert) lastAttempt(d *delivery) time.Time {
	for e := range a.history.backwards(d.history) {
		if e.state == alerting.Attempting {
			return e.at.time()
		}
	}
	return time.Time{}
}
