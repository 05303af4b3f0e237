package service

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"revere/alerting"
	"revere/alerting/engine"
	"revere/alerting/recovery"
	"revere/alerting/tracking"
	"revere/channels"
)

// metrics counts what happens at every stage, for Prometheus.
type metrics struct {
	registry *prometheus.Registry
	alerts   *prometheus.CounterVec
	planned  prometheus.Counter
	sends    *prometheus.HistogramVec
	breaker  *prometheus.GaugeVec
	inbound  *prometheus.CounterVec
	waiting  prometheus.Gauge
	held     prometheus.Gauge
	free     prometheus.Gauge
	refusing prometheus.Gauge
}

func newMetrics(registry *prometheus.Registry, board *tracking.Board, gate *recovery.Gate, running map[string]channels.Channel, engine *engine.Engine) *metrics {
	m := &metrics{
		registry: registry,
		alerts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "revere_alerts_judged_total", Help: "Published messages that this process judged, by verdict.",
		}, []string{"verdict"}),
		planned: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "revere_deliveries_planned_total", Help: "Deliveries in the manifests that this process wrote, reserve contacts included.",
		}),
		sends: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "revere_send_seconds", Help: "Calls of providers by channel and outcome, with how long they took.",
			Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 15, 30},
		}, []string{"channel", "state"}),
		breaker: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "revere_breaker_open", Help: "1 while a channel's provider is left alone after failures.",
		}, []string{"channel"}),
		inbound: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "revere_inbound_total", Help: "Replies, receipts and other facts that came in, and what was made of them.",
		}, []string{"channel", "kind", "outcome"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "revere_messages_waiting", Help: "Published messages that this process's router has read and not judged.",
		}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "revere_messages_held", Help: "Those of them that wait until accepted work has gone out or the disk has room.",
		}),
		free: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "revere_disk_free_bytes", Help: "What is free on the disk of the embedded engine.",
		}),
		refusing: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "revere_disk_low", Help: "1 while new alerts and imports are refused, since the disk is nearly full.",
		}),
	}
	registry.MustRegister(m.alerts, m.planned, m.sends, m.breaker, m.inbound, m.waiting, m.held, m.free, m.refusing, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), &boardCollector{board, gate, running},
		engineCollector{engine})
	return m
}

func (m *metrics) judged(verdict string, deliveries int) {
	m.alerts.WithLabelValues(verdict).Inc()
	m.planned.Add(float64(deliveries))
}

func (m *metrics) arrived(channel string, kind alerting.InboundKind, outcome string) {
	m.inbound.WithLabelValues(channel, string(kind), outcome).Inc()
}

func (m *metrics) waits(waiting, held int) {
	m.waiting.Set(float64(waiting))
	m.held.Set(float64(held))
}

func (m *metrics) disk(free, _ uint64, low bool) {
	m.free.Set(float64(free))
	m.refusing.Set(flag(low))
}

func flag(set bool) float64 {
	if set {
		return 1
	}
	return 0
}

// Sent implements channels.Meter.
func (m *metrics) Sent(channel string, state alerting.State, took time.Duration) {
	m.sends.WithLabelValues(channel, state.String()).Observe(took.Seconds())
}

// Held implements channels.Meter.
func (m *metrics) Held(channel string, open bool) {
	m.breaker.WithLabelValues(channel).Set(flag(open))
}

// A boardCollector reads from the board when it is asked.
type boardCollector struct {
	board    *tracking.Board
	gate     *recovery.Gate
	channels map[string]channels.Channel
}

var (
	backlogDesc = prometheus.NewDesc("revere_backlog", "Deliveries that are due, by channel and lane (0 is the most urgent, 4 confirmations).", []string{"channel", "lane"}, nil)
	openDesc    = prometheus.NewDesc("revere_alerts_open", "Alerts that take place now.", nil, nil)
	heldDesc    = prometheus.NewDesc("revere_held", "1 while nothing is sent until an operator releases it: the system was restored from a backup.", nil, nil)
	routerDesc  = prometheus.NewDesc("revere_awaits_router", "1 while nothing is sent, released or not, before a process with the router role has run since a restore.", nil, nil)
	asideDesc   = prometheus.NewDesc("revere_set_aside", "Inbound messages that wait until a filed alert is read again, by where they are: held in memory, or in the ledger only. More than a few mean that one can't be read; the log names it.", []string{"where"}, nil)
	ledgerDesc  = prometheus.NewDesc("revere_ledger_sequence", "The ledger's sequence that this process has read.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c *boardCollector) Describe(out chan<- *prometheus.Desc) {
	out <- backlogDesc
	out <- openDesc
	out <- heldDesc
	out <- routerDesc
	out <- asideDesc
	out <- ledgerDesc
}

// Collect implements prometheus.Collector.
func (c *boardCollector) Collect(out chan<- prometheus.Metric) {
	for name := range c.channels {
		for lane, n := range c.board.Backlog(name) {
			out <- prometheus.MustNewConstMetric(backlogDesc, prometheus.GaugeValue, float64(n), name, strconv.Itoa(lane))
		}
	}
	hold := c.gate.Hold()
	out <- prometheus.MustNewConstMetric(heldDesc, prometheus.GaugeValue, oneIf(hold.Held()))
	out <- prometheus.MustNewConstMetric(routerDesc, prometheus.GaugeValue, oneIf(hold.Doubts()))
	out <- prometheus.MustNewConstMetric(openDesc, prometheus.GaugeValue, float64(len(c.board.OpenKeys())))
	waiting, inMemory := c.board.CountAside()
	out <- prometheus.MustNewConstMetric(asideDesc, prometheus.GaugeValue, float64(inMemory), "memory")
	out <- prometheus.MustNewConstMetric(asideDesc, prometheus.GaugeValue, float64(waiting-inMemory), "ledger")
	out <- prometheus.MustNewConstMetric(ledgerDesc, prometheus.GaugeValue, float64(c.board.Reached()))
}

// An engineCollector reads from the engine when it is asked.
type engineCollector struct{ *engine.Engine }

var (
	passedDesc    = prometheus.NewDesc("revere_passed_over", "Stored messages that this process could not take in, by stream: the log names each.", []string{"stream"}, nil)
	stragglerDesc = prometheus.NewDesc("revere_straggler_seconds", "For how long a server of the NATS cluster has got nothing of a stream; absent while all keep up. /readyz says what to do.", []string{"server", "stream"}, nil)
)

// Describe implements prometheus.Collector.
func (c engineCollector) Describe(out chan<- *prometheus.Desc) {
	out <- passedDesc
	out <- stragglerDesc
}

// Collect implements prometheus.Collector.
func (c engineCollector) Collect(out chan<- prometheus.Metric) {
	for stream, n := range c.PassedOver() {
		out <- prometheus.MustNewConstMetric(passedDesc, prometheus.GaugeValue, float64(n), stream)
	}
	for _, x := range c.Stragglers() {
		for _, stream := range x.Streams {
			out <- prometheus.MustNewConstMetric(stragglerDesc, prometheus.GaugeValue, time.Since(x.Since).Seconds(), x.Server, stream)
		}
	}
}

func oneIf(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
