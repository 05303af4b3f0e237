package engine

import (
	"bytes"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/fxamacker/cbor/v2"

	"revere/alerting"
)

// recordBytes is how large a message of records may grow before the next one begins.
const recordBytes = 512 << 10

// A part is what one of several messages holds that are stored together; err says why it can't be made.
type part struct {
	data []byte
	err  error
}

// Pack makes the messages that hold records as the ledger stores them: as few as their size allows.
func Pack(records []alerting.Record) (messages [][]byte, err error) {
	for p := range pack(records) {
		messages, err = append(messages, p.data), errors.Join(err, p.err)
	}
	return messages, err
}

// pack is Pack, of which the first messages are there while the records behind them are being encoded. The
// records are read until the channel is closed, whether anybody receives from it or not.
func pack(records []alerting.Record) <-chan part {
	parts := make(chan part, len(records)+1)
	if len(records) < fewRecords {
		packInto(parts, records)
	} else {
		go packInto(parts, records)
	}
	return parts
}

func packInto(parts chan<- part, records []alerting.Record) {
	defer close(parts)
	encoded, finish := encodeRecords(records)
	defer finish()
	begin, size := 0, 0
	for i := range encoded {
		<-encoded[i].done
		if encoded[i].err != nil {
			parts <- part{err: encoded[i].err}
			return
		}
		n := encoded[i].buffer.Len()
		if size+n > recordBytes && i > begin {
			parts <- together(encoded[begin:i], size)
			begin, size = i, 0
		}
		size += n
	}
	parts <- together(encoded[begin:], size)
}

// together makes one message of encoded records of a size.
func together(records []encodedRecord, size int) part {
	const head = 9 // of a list, at most (RFC 8949 §3)
	message := bytes.NewBuffer(make([]byte, 0, head+size))
	raw := make([]cbor.RawMessage, len(records))
	for i := range records {
		raw[i] = records[i].buffer.Bytes()
	}
	err := encoding.MarshalToBuffer(raw, message)
	return part{message.Bytes(), err}
}

// An encodedRecord is there when it is done.
type encodedRecord struct {
	buffer *bytes.Buffer
	err    error
	done   chan struct{}
}

// buffers are kept for the records that are encoded next: new memory costs more than to fill it.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// fewRecords are encoded sooner than others could begin to help.
const fewRecords = 8

// encodeRecords begins to encode records, in their order: many, which is a manifest's parts, on all processors.
// finish waits for all of them, and takes their buffers back.
func encodeRecords(records []alerting.Record) (encoded []encodedRecord, finish func()) {
	encoded = make([]encodedRecord, len(records))
	for i := range encoded {
		encoded[i] = encodedRecord{buffer: buffers.Get().(*bytes.Buffer), done: make(chan struct{})}
	}
	var next atomic.Int64
	work := func() {
		for i := next.Add(1) - 1; int(i) < len(records); i = next.Add(1) - 1 {
			x := &encoded[i]
			x.err = encodeRecord(&records[i], x.buffer)
			close(x.done)
			runtime.Gosched() // who waits for it may go on now, and not when all are encoded
		}
	}
	var workers sync.WaitGroup
	if len(records) < fewRecords {
		work()
	} else {
		for range runtime.GOMAXPROCS(0) {
			workers.Go(work)
		}
	}
	return encoded, func() {
		workers.Wait()
		for i := range encoded {
			encoded[i].buffer.Reset()
			buffers.Put(encoded[i].buffer)
		}
	}
}
