package subscribers

import (
	"runtime"

	"golang.org/x/sync/errgroup"
)

// forEach calls do with 0 to n-1, on all processors where that is worth it, and waits for all.
func forEach(n int, do func(i int)) {
	const share = 1000
	var workers errgroup.Group
	workers.SetLimit(runtime.GOMAXPROCS(0))
	for from := 0; from < n; from += share {
		workers.Go(func() error {
			for i := from; i < min(from+share, n); i++ {
				do(i)
			}
			return nil
		})
	}
	_ = workers.Wait() // no worker returns an error
}
