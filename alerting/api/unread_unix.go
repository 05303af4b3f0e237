//go:build linux || darwin

package api

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unread reports whether a client has said something, or hung up, that nobody has read yet: on a machine in a flood a
// request may lie there for a second.
func unread(conn net.Conn) (waits bool) {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return false
	}
	err = raw.Control(func(fd uintptr) {
		n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
		waits = n > 0
	})
	return err == nil && waits
}
