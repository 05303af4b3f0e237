package backup

import (
	"encoding/json"
	"fmt"
	"time"

	"revere/alerting"
	"revere/alerting/engine"
)

// format is the archive's version. A reader refuses those that it does not know.
const format = 1

// contentsName is the last entry of an archive.
const contentsName = "contents.json"

// Contents say what a backup holds.
type Contents struct {
	Format int `json:"format"`
	// Version is the program's that made it.
	Version string `json:"version"`
	// Made is when it was complete: what happened afterwards is not in it.
	Made    time.Time `json:"made"`
	Streams []Stream  `json:"streams"`
}

// A Stream is one stream of a backup.
type Stream struct {
	engine.StreamCopy
	// Pieces and Bytes are how the copy lies in the archive, SHA256 the hash of all its bytes in hex.
	Pieces int    `json:"pieces"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Messages is how many messages the stream had when its copy began.
func (s Stream) Messages() uint64 {
	var state struct {
		Messages uint64 `json:"messages"`
	}
	if json.Unmarshal(s.State, &state) != nil {
		return 0 // Check refuses it
	}
	return state.Messages
}

// Messages are those of all streams.
func (c Contents) Messages() (n uint64) {
	for _, s := range c.Streams {
		n += s.Messages()
	}
	return n
}

// valid tells what is wrong with contents that were read.
func (c Contents) valid() error {
	if c.Format != format {
		return alerting.Errorf(alerting.CodeMalformed, "the backup has format %d, and this version of Revere reads %d; restore it with the version that made it (%s)", c.Format, format, c.Version)
	}
	if len(c.Streams) == 0 {
		return damaged("it holds nothing")
	}
	for _, s := range c.Streams {
		if s.Name == "" || !json.Valid(s.Config) || !json.Valid(s.State) {
			return damaged("the stream %q is not described", s.Name)
		}
	}
	return nil
}

func damaged(format string, args ...any) error {
	return alerting.Errorf(alerting.CodeMalformed, "the backup is damaged, and nothing of it was restored: %s; take another copy", fmt.Sprintf(format, args...))
}
