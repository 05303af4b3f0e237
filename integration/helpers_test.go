package integration_test

import (
	"errors"
	"fmt"

	"revere/alerting"
	"revere/integration/harness"
	"revere/subscribers"
)

// errorUnless is what polling wants: nil when it is so, else what is not.
func errorUnless(so bool, otherwise string) error {
	if so {
		return nil
	}
	return errors.New(otherwise)
}

// inState says that an alert's delivery to an address is not in a state, and nil when it is.
func inState(w *harness.World, key alerting.Key, address string, want alerting.State) error {
	d, ok := w.Delivery(key, address)
	if !ok || d.State != want {
		return fmt.Errorf("%s is %v (a delivery: %t), not %v", address, d.State, ok, want)
	}
	return nil
}

func only(person subscribers.Subscriber) []subscribers.Subscriber {
	return []subscribers.Subscriber{person}
}
