package main

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// A cutOff is a screen before which somebody presses Ctrl-C as soon as a text is shown.
type cutOff struct {
	text   string
	cancel context.CancelFunc

	mu    sync.Mutex
	shown bytes.Buffer
}

func (c *cutOff) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := c.shown.Write(p)
	if bytes.Contains(c.shown.Bytes(), []byte(c.text)) {
		c.cancel()
	}
	return n, err
}

func (c *cutOff) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shown.String()
}

func TestCtrlCInTheMiddleOfTheDemoIsNoFailureOfTheStory(t *testing.T) {
	for _, moment := range []string{"Directory:", "Durable as"} {
		t.Run(moment, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			screen, talk := &cutOff{text: moment, cancel: cancel}, &bytes.Buffer{}
			status := run(ctx, []string{"demo", "--listen", "127.0.0.1:0", "--nats-listen", "127.0.0.1:0", "--speed", "100"},
				environment{stdout: screen, stderr: talk, now: time.Now, zone: time.UTC})
			assert.Equal(t, statusFailed, status)
			assert.Equal(t, "revere: interrupted\n", talk.String())
			assert.Contains(t, screen.String(), "nothing of this demo is kept")
		})
	}
}
