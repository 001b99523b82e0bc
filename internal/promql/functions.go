package promql

import (
	"slices"
	"strings"
)

// signature is what a function takes: v an instant vector, m a range vector, s
// a scalar, t a text. What stands after "?" may be left out; "*" repeats the one
// before it as often as one likes.
type signature struct {
	takes string
	gives Type
}

// functions are those of Prometheus 3 without a feature flag ("Query functions").
var functions = func() map[string]signature {
	out := map[string]signature{
		"absent": {"v", Vector}, "absent_over_time": {"m", Vector},
		"clamp": {"vss", Vector}, "clamp_max": {"vs", Vector}, "clamp_min": {"vs", Vector},
		"histogram_fraction": {"ssv", Vector}, "histogram_quantile": {"sv", Vector},
		"label_join": {"vtt?t*", Vector}, "label_replace": {"vtttt", Vector},
		"pi": {"", Scalar}, "time": {"", Scalar}, "scalar": {"v", Scalar}, "vector": {"s", Vector},
		"predict_linear": {"ms", Vector}, "quantile_over_time": {"sm", Vector}, "round": {"v?s", Vector},
	}
	for _, name := range strings.Fields("abs acos acosh asin asinh atan atanh ceil cos cosh deg exp floor ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum") {
		out[name] = signature{"v", Vector}
	}
	for _, name := range strings.Fields("changes delta deriv idelta increase irate rate resets avg_over_time count_over_time first_over_time last_over_time max_over_time min_over_time present_over_time stddev_over_time stdvar_over_time sum_over_time") {
		out[name] = signature{"m", Vector}
	}
	for _, name := range strings.Fields("day_of_month day_of_week day_of_year days_in_month hour minute month year") {
		out[name] = signature{"?v", Vector}
	}
	return out
}()

// flagged are functions and aggregations that Prometheus has only with
// --enable-feature=promql-experimental-functions.
var flagged = words("double_exponential_smoothing end histogram_quantiles info mad_over_time max_of min_of range sort_by_label sort_by_label_desc start start_timestamp step ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time limitk limit_ratio")

// aggregations take a vector, and these a parameter before it.
var (
	aggregations = words("sum avg count min max group stddev stdvar topk bottomk count_values quantile")
	parameters   = map[string]Type{"topk": Scalar, "bottomk": Scalar, "quantile": Scalar, "count_values": String}
)

// Changing are the functions that compare samples, and so need two of them.
var Changing = words("rate irate increase delta idelta deriv predict_linear")

func words(list string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(list) {
		out[w] = true
	}
	return out
}

func functionNames() []string {
	var out []string
	for name := range functions {
		out = append(out, name)
	}
	for name := range aggregations {
		out = append(out, name)
	}
	slices.Sort(out) // of two that are equally near, the same one is always named
	return out
}
