package alerting_test

import (
	"fmt"
	"time"

	"revere/alerting"
)

func ExampleStraggler() {
	s := alerting.Straggler{Server: "node-2", Streams: []string{"INBOUND", "LEDGER"}, Since: time.Date(2026, 11, 3, 7, 0, 0, 0, time.UTC), Behind: 12}
	fmt.Println(s)
	s.Away = true
	fmt.Println(s)
	// Output:
	// the NATS server node-2 has got nothing of INBOUND, LEDGER since 2026-11-03T07:00:00Z (12 behind); see that it runs and the others reach it; if so restart it, and if that does not help: while all others are well stop it, empty its store_dir and start it
	// the NATS server node-2 has got nothing of INBOUND, LEDGER since 2026-11-03T07:00:00Z; it is gone: bring it back, the loss of another server would stop everything
}
