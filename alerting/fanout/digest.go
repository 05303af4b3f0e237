package fanout

import (
	"crypto/sha256"
	"encoding/binary"
	"runtime"
	"slices"

	"revere/alerting"
)

// Digest covers who gets what and in which order, so that a manifest can be checked against what was
// written down later. It is the Hash of a manifest of these deliveries and recipients, all parts
// together.
func Digest(deliveries []alerting.Planned, recipients []alerting.Recipient) (digest []byte) {
	g := newDigesting(deliveries, recipients)
	work := []func(){func() { digest = g.hash() }}
	for writer := range g.written {
		work = append(work, func() { g.write(writer) })
	}
	alerting.Together(work...)
	return digest
}

// A digesting is one call of Digest. To write a row costs more than to hash it: writers take turns with the
// parts of the lists, and each part is hashed in its turn.
type digesting struct {
	deliveries [][]alerting.Planned
	recipients [][]alerting.Recipient
	written    []chan []byte // by writer
	used       chan []byte   // memory that goes round
}

func newDigesting(deliveries []alerting.Planned, recipients []alerting.Recipient) *digesting {
	g := &digesting{
		deliveries: slices.Collect(slices.Chunk(deliveries, partSize)),
		recipients: slices.Collect(slices.Chunk(recipients, partSize)),
	}
	g.written = make([]chan []byte, min(runtime.GOMAXPROCS(0), g.parts()))
	for i := range g.written {
		g.written[i] = make(chan []byte, 1)
	}
	g.used = make(chan []byte, 3*len(g.written))
	return g
}

func (g *digesting) parts() int { return len(g.deliveries) + len(g.recipients) }

// hash hashes all parts in their order. Of a writer that has panicked nothing more comes.
func (g *digesting) hash() []byte {
	h := sha256.New()
	for part := range g.parts() {
		if rows, written := <-g.written[part%len(g.written)]; written {
			h.Write(rows)
			g.used <- rows
		}
	}
	return h.Sum(nil)[:16]
}

// write writes the parts that are one writer's.
func (g *digesting) write(writer int) {
	defer close(g.written[writer])
	for part := writer; part < g.parts(); part += len(g.written) {
		var rows []byte
		select {
		case rows = <-g.used:
		default:
		}
		g.written[writer] <- g.rows(rows[:0], part)
	}
}

// rows appends the rows of a part.
func (g *digesting) rows(rows []byte, part int) []byte {
	if part < len(g.deliveries) {
		for i := range g.deliveries[part] {
			d := &g.deliveries[part][i]
			rows = text(text(text(rows, d.Channel), d.Address), d.Suppressed)
			rows = number(rows, flag(d.Active))
		}
		return rows
	}
	recipients := g.recipients[part-len(g.deliveries)]
	for i := range recipients {
		rows = text(rows, recipients[i].Subscriber)
		for _, c := range recipients[i].Contacts {
			rows = number(rows, c)
		}
	}
	return rows
}

func text(row []byte, s string) []byte { return append(number(row, uint32(len(s))), s...) }

func number(row []byte, n uint32) []byte { return binary.BigEndian.AppendUint32(row, n) }

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
