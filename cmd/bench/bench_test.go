package bench

import (
	"os"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"

	"revere/alerting"
	"revere/channels"
)

// BenchmarkPublishToProvider measures an idle service on an embedded server, from a lone alert's
// publish acknowledgement to the first call of the provider. One iteration is one alert:
// -benchtime=200x makes a p99 that means something.
func BenchmarkPublishToProvider(b *testing.B) {
	p := idleProduct(b, Options{Recipients: 1000, Areas: 20, Samples: b.N})
	b.ResetTimer()
	took, err := p.firstRequests(b.Context(), "idle", alerting.Severe)
	b.StopTimer()
	require.NoError(b, err)
	b.ReportMetric(float64(quantile(took, 0.5)), "p50-ns")
	b.ReportMetric(float64(quantile(took, 0.99)), "p99-ns")
	b.ReportMetric(0, "ns/op") // the pauses between alerts are in it
}

// BenchmarkPipeline measures alerts to 20,000 people over a provider that answers at once. One
// iteration is one alert.
func BenchmarkPipeline(b *testing.B) {
	p := idleProduct(b, Options{Recipients: 20_000, Areas: 351, Alerts: b.N})
	b.ResetTimer()
	require.NoError(b, p.measurePipeline(b.Context(), 1))
	b.ReportMetric(p.figures["pipeline"], "deliveries/s")
	b.ReportMetric(p.figures["pipeline_cpu"], "cpu-µs/delivery")
}

// BenchmarkExpansion measures alerts to 100,000 people until their manifests are durable. One
// iteration is one alert.
func BenchmarkExpansion(b *testing.B) {
	r := newRun(b, Options{Recipients: 100_000, Areas: 351, Alerts: b.N})
	require.NoError(b, r.measureExpansion(b.Context()))
	b.ReportMetric(r.figures["expansion"], "deliveries/s")
	b.ReportMetric(0, "ns/op") // the import of the people is in it
}

// BenchmarkHTTP measures alerts by SMS over HTTP to 20,000 people, in turns with the bare loop. One
// iteration is one alert.
func BenchmarkHTTP(b *testing.B) {
	r := newRun(b, Options{Recipients: httpShare * 20_000, Areas: 351, Alerts: b.N, ChannelLatency: 5 * time.Millisecond})
	if err := r.measureHTTP(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(r.figures["http_bare"], "bare-messages/s")
	b.ReportMetric(r.figures["http_product"], "messages/s")
	b.ReportMetric(r.figures["http_product"]/r.figures["http_bare"], "ratio")
	b.ReportMetric(r.figures["http_bare_cpu"], "bare-cpu-µs/message")
	b.ReportMetric(r.figures["http_product_cpu"], "cpu-µs/message")
}

// newRun is a run that has not begun.
func newRun(b *testing.B, o Options) *run {
	b.Helper()
	o.Dir, o.Log, o.Program = b.TempDir(), zerolog.Nop(), os.Args[0]
	return &run{Options: o, crowd: newCrowd(o.Recipients, o.Areas), figures: map[string]float64{}}
}

// idleProduct is a service on an embedded server that has nothing to do.
func idleProduct(b *testing.B, o Options) *product {
	b.Helper()
	r := newRun(b, o)
	site, err := r.newSite(b.Context())
	require.NoError(b, err)
	p := &product{run: r, site: site, provider: newProvider(r.crowd)}
	p.provider.limits = channels.Limits{Rate: unlimited, Concurrency: pipelineConcurrency}
	require.NoError(b, p.install(b.Context()))
	require.NoError(b, p.restart(b.Context(), "restart_directory"))
	b.Cleanup(func() { require.NoError(b, p.stop()) })
	return p
}

func TestQuantileIsTheNearestRank(t *testing.T) {
	hundred := make([]time.Duration, 100)
	for i := range hundred {
		hundred[99-i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		of   []time.Duration
		q    float64
		want time.Duration
	}{
		{[]time.Duration{7}, 0.5, 7},
		{[]time.Duration{7}, 0.99, 7},
		{[]time.Duration{2, 1}, 0.5, 1},
		{[]time.Duration{3, 1, 2}, 0.5, 2},
		{hundred, 0.5, 50},
		{hundred, 0.99, 99},
		{hundred, 1, 100},
	} {
		require.Equal(t, c.want, quantile(c.of, c.q), "%v of %v", c.q, c.of)
	}
	require.Equal(t, time.Duration(1), hundred[99], "the list that was given is changed")
}
