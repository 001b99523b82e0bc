package spec

import (
	"fmt"
	"maps"
	"slices"
)

// selectors warns of services whose labels select the pods of another one as
// well: its Service would send it that one's requests, and its policies would
// give that one its connections.
func (v *validator) selectors() {
	services := v.n.Spec.Services
	holders := map[[2]string][]int{} // label -> the services that carry it
	for i := range services {
		for k, value := range services[i].PodLabels {
			label := [2]string{k, value}
			holders[label] = append(holders[label], i)
		}
	}
	for i := range services {
		s := &services[i]
		rarest := -1
		var candidates []int
		for _, k := range slices.Sorted(maps.Keys(s.PodLabels)) {
			if h := holders[[2]string{k, s.PodLabels[k]}]; rarest < 0 || len(h) < rarest {
				rarest, candidates = len(h), h
			}
		}
		for _, j := range candidates {
			if other := &services[j]; j != i && selects(s.PodLabels, other.PodLabels) {
				v.list.Warnf(fmt.Sprintf("services[%d].podLabels", i), "overlap", "give the two labels that tell them apart",
					"these labels select the pods of %s as well, which then share connections", other.Name)
				break // one is enough to say
			}
		}
	}
}

// selects reports whether a selector matches pods with these labels.
func selects(selector, labels map[string]string) bool {
	for k, value := range selector {
		if got, ok := labels[k]; !ok || got != value {
			return false
		}
	}
	return len(selector) > 0
}
