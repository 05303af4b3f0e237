package bench

import (
	"runtime"
	"time"
)

// A Report is what was measured, and on what.
type Report struct {
	Go             string        `json:"go"`
	System         string        `json:"system"`
	CPUs           int           `json:"cpus"`
	Engine         string        `json:"engine"` // "embedded" or "cluster"
	Replicas       int           `json:"replicas"`
	Recipients     int           `json:"recipients"`
	Alerts         int           `json:"alerts"`
	Areas          int           `json:"areas"`
	Samples        int           `json:"samples"`
	Queued         int           `json:"queued"`
	History        int           `json:"history"`
	ChannelLatency time.Duration `json:"channel_latency_ns"`
	ChannelRate    float64       `json:"channel_rate"`
	// Runs is how many the figures are medians of.
	Runs    int      `json:"runs"`
	Figures []Figure `json:"figures"`
}

// A Figure is one thing that was measured.
type Figure struct {
	// Name is the figure's for programs; it stays the same.
	Name  string  `json:"name"`
	About string  `json:"about"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Against names the figure that this one is held against, the engine's or a bare loop's, and Ratio
	// is Value over its.
	Against string  `json:"against,omitempty"`
	Ratio   float64 `json:"ratio,omitempty"`
	// Target is what is aimed at, for the reader.
	Target string `json:"target,omitempty"`
}

// catalogue lists every figure, in the order in which they are shown.
var catalogue = []Figure{
	{Name: "disk_sync_p50", About: "disk: write 4 KiB and sync, p50", Unit: "ms"},

	{Name: "engine_manifest", About: "engine: atomic batch of manifest records (500 deliveries each)", Unit: "deliveries/s"},
	{Name: "engine_attempts", About: "engine: atomic batches of attempt records (64 each)", Unit: "deliveries/s"},
	{Name: "engine_consume", About: "engine: consume the manifest records", Unit: "deliveries/s"},
	{Name: "engine_route", About: "engine: bare route, an alert to its durable manifest in the same messages", Unit: "deliveries/s"},
	{Name: "engine_pipeline", About: "engine: bare pipeline in chunks, route + attempts + outcomes + read back", Unit: "deliveries/s"},
	{Name: "engine_pipeline_own", About: "… with the product's own messages, fewer and smaller", Unit: "deliveries/s"},
	{Name: "engine_latency_p50", About: "engine: alert to durable attempt, p50", Unit: "ms"},
	{Name: "engine_latency_p99", About: "engine: alert to durable attempt, p99", Unit: "ms"},

	{Name: "import", About: "import of the directory, durable and applied", Unit: "subscribers/s"},
	{Name: "match", About: "match an alert for the whole state", Unit: "subscribers/s"},
	{Name: "expansion", About: "expand: an alert to its durable manifest", Unit: "deliveries/s", Against: "engine_route", Target: "≥ 500,000/s; ratio ≥ 0.35"},
	{Name: "pipeline", About: "full pipeline, provider answers at once", Unit: "deliveries/s", Against: "engine_pipeline", Target: "≥ 60,000/s; ratio ≥ 0.25"},
	{Name: "pipeline_cpu_few", About: "full pipeline to 10,000 recipients, processor time", Unit: "µs/delivery"},
	{Name: "pipeline_cpu", About: "… to all recipients", Unit: "µs/delivery", Against: "pipeline_cpu_few", Target: "ratio ≤ 1.2 with 1,000,000"},
	{Name: "breadth", About: "jurisdictions reached by each message until all are", Unit: "of 1", Target: "1"},

	{Name: "idle_p50", About: "publish acknowledged to first provider request, idle, p50", Unit: "ms", Against: "engine_latency_p50", Target: "≤ 3 ms"},
	{Name: "idle_p99", About: "… p99", Unit: "ms", Against: "engine_latency_p99", Target: "≤ 10 ms"},
	{Name: "idle_max", About: "… longest", Unit: "ms"},
	{Name: "backlog_p50", About: "… of an extreme alert behind a minor one's backlog, p50", Unit: "ms", Against: "engine_latency_p50"},
	{Name: "backlog_p99", About: "… p99", Unit: "ms", Against: "engine_latency_p99", Target: "≤ 20 ms with 100,000 queued"},
	{Name: "backlog_max", About: "… longest", Unit: "ms"},
	{Name: "backlog_left", About: "… messages that still waited behind the last of them", Unit: "messages"},

	{Name: "http_connections", About: "SMS over HTTP to a stand-in in another process: connections", Unit: "connections"},
	{Name: "http_bare", About: "… a loop of bare twilio-go calls", Unit: "messages/s"},
	{Name: "http_bare_cpu", About: "… its processor time, without the stand-in's", Unit: "µs/message"},
	{Name: "http_product", About: "… full pipeline", Unit: "messages/s", Against: "http_bare", Target: "ratio ≥ 0.8"},
	{Name: "http_product_cpu", About: "… its processor time, without the stand-in's", Unit: "µs/message", Against: "http_bare_cpu"},

	{Name: "memory_peak", About: "peak memory of a service with that many queued", Unit: "MB", Target: "≤ 600 MB with 1,000,000 queued"},
	{Name: "memory_queued", About: "memory for each queued delivery", Unit: "B"},
	{Name: "restart_directory", About: "restart to ready, with all subscribers", Unit: "s", Target: "≤ 3 s with 100,000"},
	{Name: "restart_history", About: "restart to ready, with the run's alerts not yet filed", Unit: "s"},
	{Name: "memory_history", About: "memory in use by the service behind a long history that is filed", Unit: "MB"},
	{Name: "restart_filed", About: "restart to ready, with that history behind an alert that is open", Unit: "s", Target: "≤ 5 s with 10,000,000 deliveries"},
}

// report puts the figures into their order.
func (r *run) report() Report {
	engine := "embedded"
	if r.NATS != "" {
		engine = "cluster"
	}
	report := Report{
		Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0), Engine: engine, Replicas: max(r.Replicas, 1),
		Recipients: r.Recipients, Alerts: r.Alerts, Areas: r.crowd.areas, Samples: r.Samples, Queued: r.Queued, History: r.History, ChannelLatency: r.ChannelLatency, ChannelRate: r.ChannelRate, Runs: 1,
	}
	for _, f := range catalogue {
		f.Value = r.figures[f.Name]
		if against := r.figures[f.Against]; against > 0 {
			f.Ratio = f.Value / against
		}
		report.Figures = append(report.Figures, f)
	}
	return report
}
