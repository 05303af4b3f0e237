package faults_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/alerting/faults"
)

// passings is set in the process that is to die, to how often it comes to every point.
const passings = "FAULTS_TEST_PASSINGS"

func TestMain(m *testing.M) {
	if os.Getenv(passings) == "" {
		os.Exit(m.Run())
	}
	for n := range len(os.Getenv(passings)) {
		for _, p := range faults.Points {
			fmt.Printf("%s:%d\n", p, n+1)
			faults.Reach(p)
		}
	}
	fmt.Println("alive")
}

// run comes to every point five times in a process of its own, and returns what it said.
func run(t *testing.T, fault string) (said []string, err error) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), passings+"=*****", faults.Variable+"="+fault)
	out, err := cmd.Output()
	return strings.Fields(string(out)), err
}

// Without the variable no point does anything, however often it is come to.
func TestInertWithoutTheVariable(t *testing.T) {
	t.Parallel()
	said, err := run(t, "")
	require.NoError(t, err)
	assert.Len(t, said, 5*len(faults.Points)+1)
	assert.Equal(t, "alive", said[len(said)-1])
	for _, p := range faults.Points { // nor in this process
		faults.Reach(p)
	}
	plan, err := faults.Armed()
	require.NoError(t, err)
	assert.Zero(t, plan)
}

// The process dies at once when it comes to the point for the given time: not before, and not later.
func TestDiesAtTheGivenPassing(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{"after-attempt:3", "after-submit:1", "after-commit:5"} {
		said, err := run(t, fault)
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit, fault)
		assert.Equal(t, -1, exit.ExitCode(), "it must be ended by a signal")
		require.NotEmpty(t, said)
		assert.Equal(t, fault, said[len(said)-1], "nothing happens after the point")
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]faults.Plan{
		"":                {},
		"after-attempt":   {Point: faults.AfterAttempt, Passing: 1},
		"after-attempt:3": {Point: faults.AfterAttempt, Passing: 3},
	} {
		got, err := faults.Parse(in)
		require.NoError(t, err, in)
		assert.Equal(t, want, got, in)
	}
	for in, complaint := range map[string]string{
		"nowhere":          `there is no point "nowhere"; use one of`,
		":1":               `there is no point ""`,
		"after-attempt:":   `"" does not count passings; write after-attempt:1`,
		"after-attempt:0":  `"0" does not count passings`,
		"after-attempt:-1": `"-1" does not count passings`,
		"after-attempt:x":  `"x" does not count passings`,
	} {
		_, err := faults.Parse(in)
		assert.ErrorContains(t, err, complaint, in)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("after-attempt:3")
	f.Add("after-attempt:")
	f.Fuzz(func(t *testing.T, s string) {
		plan, err := faults.Parse(s)
		if err != nil || plan == (faults.Plan{}) {
			return
		}
		again, err := faults.Parse(plan.String())
		require.NoError(t, err)
		assert.Equal(t, plan, again)
	})
}

func ExampleParse() {
	plan, _ := faults.Parse("after-attempt:3")
	fmt.Println(plan.Point, plan.Passing)
	// Output: after-attempt 3
}
