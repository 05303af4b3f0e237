package bench

import "context"

// Repeat runs times times, at least once, one after the other, and reports the median of each figure and of each
// ratio: a ratio is to the figure of its own run.
func Repeat(ctx context.Context, o Options, times int) (Report, error) {
	reports := make([]Report, 0, times)
	for i := range times {
		once := o
		if o.Progress != nil {
			once.Progress = func(p Progress) {
				p.Step, p.Steps = i*p.Steps+p.Step, times*p.Steps
				o.Progress(p)
			}
		}
		report, err := Run(ctx, once)
		if err != nil {
			return Report{}, err
		}
		reports = append(reports, report)
	}
	return medians(reports), nil
}

// medians sums up reports of the same options; there is at least one.
func medians(reports []Report) Report {
	sum := reports[0]
	sum.Runs = len(reports)
	sum.Figures = make([]Figure, len(reports[0].Figures))
	values, ratios := make([]float64, len(reports)), make([]float64, len(reports))
	for i, figure := range reports[0].Figures {
		for run, report := range reports {
			values[run], ratios[run] = report.Figures[i].Value, report.Figures[i].Ratio
		}
		figure.Value, figure.Ratio = median(values), median(ratios)
		sum.Figures[i] = figure
	}
	return sum
}
