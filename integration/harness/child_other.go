//go:build !linux

package harness

import "syscall"

// orphaned is nothing where the system has no means to end a child with its parent.
func orphaned() *syscall.SysProcAttr { return nil }
