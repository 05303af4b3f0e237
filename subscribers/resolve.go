package subscribers

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"

	"revere/alerting"
)

// resolveOnce remembers what an atlas said: a file names the same few areas again and again, and
// looking for the nearest of an unknown one takes time.
type resolveOnce struct {
	alerting.Atlas
	resolved sync.Map // string to resolution
	// brief says that nobody will read why a name is unknown.
	brief atomic.Bool
}

type resolution struct {
	area  alerting.Area
	known bool
	err   error
}

// A finder is an atlas that can do without the reason why a name is unknown.
type finder interface {
	// Lookup is Resolve without the error.
	Lookup(name string) (area alerting.Area, known, ok bool)
}

var errUnknownArea = errors.New("no such area")

// Resolve implements alerting.Atlas.
func (a *resolveOnce) Resolve(name string) (alerting.Area, bool, error) {
	if r, ok := a.resolved.Load(name); ok {
		r := r.(resolution)
		return r.area, r.known, r.err
	}
	r := a.resolve(name)
	a.resolved.Store(strings.Clone(name), r)
	return r.area, r.known, r.err
}

func (a *resolveOnce) resolve(name string) (r resolution) {
	if f, ok := a.Atlas.(finder); ok && a.brief.Load() {
		if r.area, r.known, ok = f.Lookup(name); !ok {
			r.err = errUnknownArea
		}
		return r
	}
	r.area, r.known, r.err = a.Atlas.Resolve(name)
	return r
}
