package engine_test

import (
	"flag"
	"os"
	"testing"
)

// sideBySide is how many tests run at once where the command line does not say: they mostly wait, for
// the disk or for time to pass.
const sideBySide = "4"

func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", sideBySide); err != nil { // the command line is read later
		panic(err)
	}
	os.Exit(m.Run())
}
