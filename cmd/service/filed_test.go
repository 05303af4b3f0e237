package service

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// Whoever asks for an alert that can't be read has it tried again: the log says that it can't be when that begins,
// hourly, and when it ends.
func TestTheLogSaysSeldomThatDetailsCannotBeRead(t *testing.T) {
	var log bytes.Buffer
	r := readings{log: zerolog.New(&log)}
	now := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	r.told("a2", nil, now)
	assert.Empty(t, log.String())
	for range 90 * 12 {
		r.told("a1", errors.New("lost"), now)
		now = now.Add(5 * time.Second)
	}
	assert.Equal(t, 2, strings.Count(log.String(), "can't be read"), "%s", log.String())
	r.told("a1", nil, now)
	r.told("a1", nil, now)
	assert.Equal(t, 1, strings.Count(log.String(), "can be read again"))
}
