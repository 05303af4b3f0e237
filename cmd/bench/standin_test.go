package bench

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"revere/channels/sms/bare"
)

// parentVariable makes the test binary a process that starts a stand-in and never ends by itself.
const parentVariable = "REVERE_BENCH_TEST_PARENT"

// The test binary is also what runs start as their stand-in.
func TestMain(m *testing.M) {
	if BeStandIn() {
		return
	}
	if os.Getenv(parentVariable) != "" {
		beParent()
	}
	os.Exit(m.Run())
}

func beParent() {
	s, err := startStandIn(context.Background(), os.Args[0], 0)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.url)
	select {}
}

func answers(url string) bool {
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		return false
	}
	conn.Close() //nolint:errcheck // That it could be opened is all that is asked.
	return true
}

func send(t *testing.T, url string) (time.Duration, error) {
	t.Helper()
	client, err := bare.New(bare.Account{BaseURL: url, SID: standInAccount, Token: standInToken, From: standInNumber, Connections: 1})
	require.NoError(t, err)
	defer client.Close()
	start := time.Now()
	err = client.Send(phone(0).Address, bareText, bareCallback, bareValidity)
	return time.Since(start), err
}

func TestTheStandInTakesMessagesInItsTimeUntilItIsStopped(t *testing.T) {
	const latency = 30 * time.Millisecond
	s, err := startStandIn(t.Context(), os.Args[0], latency)
	require.NoError(t, err)
	took, err := send(t, s.url)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, took, latency)
	require.NoError(t, s.stop())
	assert.False(t, answers(s.url))
}

func TestTheStandInEndsWithItsParentHoweverThatEnds(t *testing.T) {
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentVariable+"=1")
	out, err := parent.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, parent.Start())
	t.Cleanup(func() { _ = parent.Wait() }) // it was killed, and says so
	url, err := bufio.NewReader(out).ReadString('\n')
	url = strings.TrimSpace(url)
	require.NoError(t, err)
	require.True(t, answers(url), "%q", url)
	require.NoError(t, parent.Process.Kill())
	require.Eventually(t, func() bool { return !answers(url) }, 10*time.Second, 10*time.Millisecond)
}

func TestAStandInThatCanNotBegin(t *testing.T) {
	_, err := startStandIn(t.Context(), "", 0)
	assert.ErrorContains(t, err, "Options.Program")
	_, err = startStandIn(t.Context(), filepath.Join(t.TempDir(), "absent"), 0)
	assert.ErrorContains(t, err, "absent")
	echo, err := exec.LookPath("echo")
	if err != nil {
		t.Skip("there is no program here that prints something else")
	}
	_, err = startStandIn(t.Context(), echo, 0)
	assert.ErrorContains(t, err, "did not become the stand-in")
}

var fictional = regexp.MustCompile(`^\+1[2-9]\d\d55501\d\d$`)

func TestPhonesAreDistinctAndFictional(t *testing.T) {
	seen := map[string]bool{}
	for person := range httpMost + 1 {
		address := phone(person).Address
		if !fictional.MatchString(address) || seen[address] {
			require.Fail(t, "not a number of its own that is kept for fiction", "%s of person %d", address, person)
		}
		seen[address] = true
	}
}
