// Package promql reads expressions of Prometheus' query language as far as
// those who judge rules need it: which series an expression selects and by which
// labels, how far back it looks, whether it can be empty, and what Prometheus
// would refuse about it. It evaluates nothing.
//
// The grammar is that of Prometheus, "Querying basics", "Operators" and
// "Functions", without what stands behind feature flags there.
package promql
