package harness

import "revere/alerting/faults"

// setFault is the setting that becomes the variable of package faults.
const setFault = "FAULT"

// ArmedWith are the settings of a world whose service dies at a point from its first start on.
func ArmedWith(fault faults.Plan) map[string]string {
	return map[string]string{setFault: fault.String()}
}

// Arm restarts the service so that it dies at a point. It returns at once: a start may come to the
// point by itself, and what needs the service waits for Ready.
func (w *World) Arm(fault faults.Plan) {
	w.t.Helper()
	if w.process().child.running() {
		if err := w.Interrupt(); err != nil {
			w.t.Fatal(err)
		}
	}
	w.Set(setFault, fault.String())
	w.run = launch(w.t, w)
}

// Revive starts the service so that it dies at a point, or at none where the plan is empty, and
// reports whether it lived to take requests.
func (w *World) Revive(fault faults.Plan) (alive bool) {
	w.t.Helper()
	w.Set(setFault, "")
	if fault.Point != "" {
		w.Set(setFault, fault.String())
	}
	p := launch(w.t, w)
	w.run = p
	return p.lives()
}

// Ready waits until the service takes requests.
func (w *World) Ready() {
	w.t.Helper()
	w.process().ready()
}

// Died waits until the service has killed itself at its point, and disarms the next start.
func (w *World) Died() {
	w.t.Helper()
	c := w.process().child
	if !c.wait(Patience) {
		w.t.Fatalf("the service did not come to %s within %s", w.settings[setFault], Patience)
	}
	if c.status() != -1 {
		w.t.Fatalf("the service ended with status %d, not by a kill", c.status())
	}
	w.Set(setFault, "")
}
