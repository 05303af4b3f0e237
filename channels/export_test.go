package channels

// Promised is how many units of the rate a dispatcher counts as given away.
func (d *Dispatcher) Promised() float64 {
	d.pace.mu.Lock()
	defer d.pace.mu.Unlock()
	return d.pace.promised
}

// Untold is of how many attempts a dispatcher keeps since when the provider could not tell about them.
func (d *Dispatcher) Untold() int {
	d.untold.mu.Lock()
	defer d.untold.mu.Unlock()
	return len(d.untold.first)
}
