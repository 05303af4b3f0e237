package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"revere/alerting"
)

// surplus answers the connections that there is no room for: 503, when to come again, and no more. It costs
// a small buffer and a file for the time of one refusal, and has nothing of the server's.
type surplus struct {
	answer  []byte
	places  chan struct{} // one for each that is being refused
	stopped chan struct{}
	stop    func()
}

const (
	// maxRefusals bounds how many connections are being refused at once.
	maxRefusals = 512
	// refusalTime is how long a client has to say something, and then to be done with it. Who is not is hung up
	// on, and may see a reset: on a machine in a flood an honest one takes a second or two.
	refusalTime = 5 * time.Second
	// maxUnread is how much of a request is read and thrown away behind the answer, in bytes: all of an
	// alert. A socket that is closed with something unread is reset, and the answer may be lost with it.
	maxUnread = maxPublishBytes + maxHeaderBytes
)

// newSurplus refuses what comes beyond most connections.
func newSurplus(most int) *surplus {
	stopped := make(chan struct{})
	return &surplus{
		answer: fullHouse(most), places: make(chan struct{}, maxRefusals),
		stopped: stopped, stop: sync.OnceFunc(func() { close(stopped) }),
	}
}

// fullHouse is the answer, to the last byte.
func fullHouse(most int) []byte {
	p := newProblem(alerting.CodeUnavailable, fmt.Sprintf("%d clients are connected and at work, and no more may be; this request was not looked at: send it again in a moment, over fewer connections", most), nil)
	body, err := json.Marshal(p)
	if err != nil {
		panic(err) // it is made of strings and numbers
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nConnection: close\r\nContent-Length: %d\r\n", p.Status, p.Title, problemType, len(body))
	_ = p.GetHeaders().Write(&b) // a buffer takes everything
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// refuse answers a connection and closes it, and returns at once unless as many are being refused as may
// be: then it waits until one less is.
func (s *surplus) refuse(conn net.Conn) {
	select {
	case s.places <- struct{}{}:
		go func() {
			defer func() { <-s.places }()
			s.tell(conn)
		}()
	case <-s.stopped:
		_ = conn.Close()
	}
}

// tell waits for a request, answers it and hangs up. Before there is a request many a client takes an answer for
// an error.
func (s *surplus) tell(conn net.Conn) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(refusalTime)) // fails only where it is closed, like all that follows
	if _, err := conn.Read(make([]byte, 1<<10)); err != nil {
		return
	}
	if _, err := conn.Write(s.answer); err != nil {
		return
	}
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = conn.SetDeadline(time.Now().Add(refusalTime))
	_, _ = io.CopyN(io.Discard, conn, maxUnread) // until the client has hung up, too
}
