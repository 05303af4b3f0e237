// Package integration_test holds what Revere promises as a whole, tried over the real binary, real
// sockets and stand-ins for the providers.
package integration_test

import (
	"flag"
	"os"
	"testing"

	"revere/integration/harness"
)

// sideBySide is how many tests run at once where the command line does not say: they mostly wait.
const sideBySide = "8"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", sideBySide); err != nil { // the command line is read later
		panic(err)
	}
	os.Exit(harness.Main(m))
}
