package harness

import "syscall"

// orphaned kills the child when the test process dies without a word, by a timeout's panic say.
func orphaned() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
