package alerting_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"revere/alerting"
)

func TestASpellIsSaidWhenItBeginsHourlyAndWhenItEnds(t *testing.T) {
	var s alerting.Spells
	begin := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	_, was := s.Over("a1")
	assert.False(t, was, "there was none")
	said := 0
	for now := begin; now.Before(begin.Add(150 * time.Minute)); now = now.Add(5 * time.Second) {
		since, say := s.GoesOn("a1", now)
		assert.Equal(t, begin, since)
		if say {
			said++
		}
	}
	assert.Equal(t, 3, said)
	_, say := s.GoesOn("a2", begin)
	assert.True(t, say, "another alert's is its own")
	since, was := s.Over("a1")
	assert.True(t, was)
	assert.Equal(t, begin, since)
	since, say = s.GoesOn("a1", begin.Add(150*time.Minute))
	assert.True(t, say, "the next one begins")
	assert.Equal(t, begin.Add(150*time.Minute), since)
}
