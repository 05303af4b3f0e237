package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A Cluster is NATS servers of their own, as an operator runs them: every write synced, Revere and
// its producers in an account each, and a Link on every route.
type Cluster struct {
	Nodes []*Node

	t     testing.TB
	links map[[2]int]*Link // from a node to another, by index
}

// A Node is one server of a cluster, as a process.
type Node struct {
	// Name is what the others know it by.
	Name string

	t      testing.TB
	config string // path
	data   string // path
	client string // host:port
	log    *Log
	child  *child
}

// What clients of a cluster present.
const (
	revereUser   = "revere"
	producerUser = "producer"
	natsPassword = "canarynatspassword0123456789"
	clusterSize  = 3
)

// nodeConfig is a server's configuration.
const nodeConfig = `
server_name: %q
listen: %q
ping_interval: "2s"
jetstream { store_dir: %q, sync_interval: always }
accounts {
  REVERE: {
    jetstream: enabled
    users: [{user: revere, password: %[4]q}]
    exports: [{service: "alerts.>"}, {stream: "verdicts.>"}, {stream: "_INBOX.>"}]
  }
  PRODUCERS: {
    users: [{user: producer, password: %[4]q, permissions: {publish: "alerts.>", subscribe: ["_INBOX.>", "verdicts.>"]}}]
    imports: [
      {service: {account: REVERE, subject: "alerts.>"}}
      {stream: {account: REVERE, subject: "verdicts.>"}}
      {stream: {account: REVERE, subject: "_INBOX.>"}}
    ]
  }
}
`

// routeConfig is what a server of several is told of the others. Its advertised address leads nowhere, so
// that they know each other by the links only.
const routeConfig = `
cluster {
  name: revere
  listen: %q
  advertise: "127.0.0.1:9"
  no_advertise: true
  ping_interval: "1s"
  routes: [%s]
}
`

// NewCluster starts three servers, which end with the test.
func NewCluster(t testing.TB) *Cluster {
	t.Helper()
	return newCluster(t, clusterSize, nil)
}

// NewClusterOn starts three servers, each with its data on a disk of its own.
func NewClusterOn(t testing.TB, disks []*Disk) *Cluster {
	t.Helper()
	return newCluster(t, clusterSize, disks)
}

// NewServer starts one server, as an operator runs it for whom one machine is enough.
func NewServer(t testing.TB) *Cluster {
	t.Helper()
	return newCluster(t, 1, nil)
}

func newCluster(t testing.TB, size int, disks []*Disk) *Cluster {
	t.Helper()
	c := &Cluster{t: t, links: map[[2]int]*Link{}}
	routes := make([]string, size)
	for i := range routes {
		routes[i] = FreeAddress(t)
	}
	for i := range routes {
		var via []string
		for j, to := range routes {
			if j != i {
				link := NewLink(t, to)
				c.links[[2]int{i, j}] = link
				via = append(via, fmt.Sprintf("%q", "nats://"+link.Address))
			}
		}
		n := &Node{Name: fmt.Sprintf("node-%d", i+1), t: t, client: FreeAddress(t), log: &Log{}}
		dir := t.TempDir()
		n.config, n.data = filepath.Join(dir, "nats.conf"), filepath.Join(dir, "data")
		if disks != nil {
			n.data = filepath.Join(disks[i].Dir, "data")
		}
		text := fmt.Sprintf(nodeConfig, n.Name, n.client, n.data, natsPassword)
		if size > 1 {
			text += fmt.Sprintf(routeConfig, routes[i], strings.Join(via, ", "))
		}
		if err := os.WriteFile(n.config, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Nodes = append(c.Nodes, n)
	}
	t.Cleanup(c.close)
	for _, n := range c.Nodes {
		n.Start()
	}
	c.Whole()
	return c
}

// Lose ends all servers at once.
func (c *Cluster) Lose() {
	for _, n := range c.Nodes {
		n.Kill()
	}
}

func (c *Cluster) close() {
	c.Lose()
	for _, n := range c.Nodes {
		if c.t.Failed() {
			c.t.Logf("the end of %s's log:\n%s", n.Name, n.log.Tail(25))
		}
	}
}

// Start starts the server, again after Kill.
func (n *Node) Start() {
	n.t.Helper()
	var err error
	if n.child, err = spawn(natsServer.built(n.t), []string{"-c", n.config}, nil, filepath.Dir(n.config), n.log); err != nil {
		n.t.Fatalf("start %s: %v", n.Name, err)
	}
}

// Kill ends the server at once.
func (n *Node) Kill() {
	if n.child != nil && n.child.running() && !n.child.end(syscall.SIGKILL, stopTime) {
		n.t.Errorf("%s did not end within %s of a kill -9", n.Name, stopTime)
	}
}

// Pause stops the server in the middle of what it does, until Resume: its connections stay, and
// nothing is answered.
func (n *Node) Pause() { _ = n.child.cmd.Process.Signal(syscall.SIGSTOP) }

// Resume lets it go on after Pause.
func (n *Node) Resume() { _ = n.child.cmd.Process.Signal(syscall.SIGCONT) }

// Part cuts a server off from the others; clients still reach it.
func (c *Cluster) Part(n *Node) { c.eachLink(n, (*Link).Cut) }

// Heal undoes Part.
func (c *Cluster) Heal(n *Node) { c.eachLink(n, (*Link).Mend) }

func (c *Cluster) eachLink(n *Node, do func(*Link)) {
	at := slices.Index(c.Nodes, n)
	for ends, link := range c.links {
		if ends[0] == at || ends[1] == at {
			do(link)
		}
	}
}

// URL is where Revere reaches the cluster.
func (c *Cluster) URL() string { return c.url(revereUser) }

// ProducerURL is where producers do.
func (c *Cluster) ProducerURL() string { return c.url(producerUser) }

func (c *Cluster) url(user string) string {
	urls := make([]string, len(c.Nodes))
	for i, n := range c.Nodes {
		urls[i] = n.url(user)
	}
	return strings.Join(urls, ",")
}

func (n *Node) url(user string) string {
	return fmt.Sprintf("nats://%s:%s@%s", user, natsPassword, n.client)
}

// Whole waits until every stream and bucket of the cluster has a leader and no server lags behind.
//
// A server that was cut off while clients wrote to it may ask for what it missed again and again and
// not take the answer ("Expected first catchup entry to be a snapshot and peerstate", nats-server
// 2.15.2), after a restart too. After a while Whole does what an operator does who sees that: the server
// begins anew, without its data, which both others have.
func (c *Cluster) Whole() {
	c.t.Helper()
	patience := time.Now().Add(catchUpTime)
	Within(c.t, startTime, func() error {
		lagging, err := c.Lagging()
		if err != nil || len(lagging) == 0 {
			return err
		}
		if len(lagging) == 1 && time.Now().After(patience) {
			c.t.Logf("%s lags behind for %s: it begins anew", lagging[0].Name, catchUpTime)
			patience = time.Now().Add(startTime) // once is enough
			lagging[0].Renew()
		}
		return fmt.Errorf("%s lags behind", names(lagging))
	})
}

// catchUpTime is how long a server has to catch up by itself.
const catchUpTime = 6 * time.Second

// Lagging are the servers that lag behind with any stream. It is an error that one has no leader. A server
// that is alone lags behind nobody.
func (c *Cluster) Lagging() (nodes []*Node, err error) {
	err = c.admin(func(ctx context.Context, js jetstream.JetStream) error {
		streams := js.ListStreams(ctx)
		for info := range streams.Info() {
			if len(c.Nodes) == 1 {
				continue
			}
			if info.Cluster == nil || info.Cluster.Leader == "" {
				return fmt.Errorf("%s has no leader", info.Config.Name)
			}
			for _, peer := range info.Cluster.Replicas {
				if n := c.node(peer.Name); n != nil && (!peer.Current || peer.Offline) && !slices.Contains(nodes, n) {
					nodes = append(nodes, n)
				}
			}
		}
		return streams.Err()
	})
	return nodes, err
}

func names(nodes []*Node) (names []string) {
	for _, n := range nodes {
		names = append(names, n.Name)
	}
	return names
}

// Renew starts the server without its data.
func (n *Node) Renew() {
	n.t.Helper()
	n.Kill()
	if err := os.RemoveAll(n.data); err != nil {
		n.t.Fatal(err)
	}
	n.Start()
}

// node is the server of a name, or nil.
func (c *Cluster) node(name string) *Node {
	if i := slices.IndexFunc(c.Nodes, func(n *Node) bool { return n.Name == name }); i >= 0 {
		return c.Nodes[i]
	}
	return nil
}

// Leader waits until a stream has a leader, and returns it.
func (c *Cluster) Leader(stream string) *Node {
	c.t.Helper()
	var leader string
	Soon(c.t, func() error {
		return c.admin(func(ctx context.Context, js jetstream.JetStream) error {
			s, err := js.Stream(ctx, stream)
			if err != nil {
				return err
			}
			if leader = s.CachedInfo().Cluster.Leader; leader == "" {
				return fmt.Errorf("%s has no leader", stream)
			}
			return nil
		})
	})
	return c.node(leader)
}

// Admin lets a test do something to the cluster as Revere would.
func (c *Cluster) Admin(do func(ctx context.Context, js jetstream.JetStream) error) {
	c.t.Helper()
	if err := c.admin(do); err != nil {
		c.t.Fatal(err)
	}
}

func (c *Cluster) admin(do func(ctx context.Context, js jetstream.JetStream) error) error {
	conn, err := nats.Connect(c.URL(), nats.MaxReconnects(0), nats.CustomInboxPrefix("_ADMIN"), nats.Timeout(time.Second))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.t.Context(), 5*time.Second)
	defer cancel()
	return do(ctx, js)
}
