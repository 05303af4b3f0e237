// Package harness runs Revere as it runs in life, for tests: the real binary as a process of its own,
// or the same service inside the test, beside stand-ins for the three providers. Everything is on
// loopback, in temporary directories, and gone when the test is over. It signals no process that it
// did not start.
package harness
