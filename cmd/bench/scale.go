package bench

import (
	"context"
	"errors"

	"revere/channels"
)

// fewRecipients is the size that what a delivery costs is held against.
const fewRecipients = 10_000

// measureFew measures what a delivery costs where alerts go to few, in the same pipeline: more of
// them should cost no more each. A sample is of as many deliveries as one of an alert to everyone, so that both
// have their share of collecting garbage.
func (r *run) measureFew(ctx context.Context) (err error) {
	few := *r
	few.crowd = newCrowd(min(r.crowd.people, fewRecipients), r.Areas)
	few.figures = map[string]float64{}
	site, err := few.newSite(ctx)
	if err != nil {
		return err
	}
	p := &product{run: &few, site: site, provider: newProvider(few.crowd)}
	p.provider.limits = channels.Limits{Rate: unlimited, Concurrency: pipelineConcurrency}
	defer func() { err = errors.Join(err, p.stop(), site.remove()) }()
	if err := p.install(ctx); err != nil {
		return err
	}
	if err := p.restart(ctx, "restart_directory"); err != nil {
		return err
	}
	if err := p.measurePipeline(ctx, max(1, r.crowd.people/few.crowd.people)); err != nil {
		return err
	}
	r.figures["pipeline_cpu_few"] = few.figures["pipeline_cpu"]
	return nil
}
