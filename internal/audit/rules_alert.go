package audit

// alertRules are about PrometheusRules: whether Prometheus takes them, and
// whether they fire when they have to.
var alertRules = []*Rule{seriesNobodyExports, badExpression, alertIncomplete, alertMissing, rangeUnfit}
