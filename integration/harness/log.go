package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"strings"
	"sync"
)

// A Log is what a service has said, over all of its lives.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns all of it.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Tail returns the last lines, n at most.
func (l *Log) Tail(n int) string {
	lines := strings.Split(strings.TrimRight(l.String(), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// Len returns how many bytes it has, to read on From there.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Len()
}

// A Line is one line of a JSON log.
type Line map[string]any

// Lines returns the JSON lines after an offset.
func (l *Log) Lines(after int) []Line {
	var lines []Line
	scanner := bufio.NewScanner(strings.NewReader(l.String()[after:]))
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		var line Line
		if json.Unmarshal(scanner.Bytes(), &line) == nil {
			lines = append(lines, line)
		}
	}
	return lines
}
