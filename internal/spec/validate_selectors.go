package spec

// selectors warns of services whose labels select the pods of another one as
// well: its Service would send it that one's requests, and its policies would
// give that one its connections.
func (v *validator) selectors() {
	services := v.n.Spec.Services
	type label struct{ key, value string }
	type holders struct{ count, first int }
	type holder struct{ service, next int } // next is the place of another one, or -1
	by := make(map[label]holders, len(services))
	chain := make([]holder, 0, len(services))
	for i := len(services) - 1; i >= 0; i-- { // backwards, so that chains are in the order of the file
		for k, value := range services[i].PodLabels {
			of, known := by[label{k, value}]
			next := of.first
			if !known {
				next = -1
			}
			by[label{k, value}] = holders{of.count + 1, len(chain)}
			chain = append(chain, holder{i, next})
		}
	}
	for i := range services {
		s := &services[i]
		// Whoever has all of the labels has the rarest.
		var rarest holders
		for k, value := range s.PodLabels {
			if of := by[label{k, value}]; rarest.count == 0 || of.count < rarest.count {
				rarest = of
			}
		}
		if rarest.count < 2 {
			continue // the service alone
		}
		for at := rarest.first; at >= 0; at = chain[at].next {
			if j := chain[at].service; j != i && selects(s.PodLabels, services[j].PodLabels) {
				v.list.Warnf(ofService(i).to("podLabels"), "overlap", "give the two labels that tell them apart",
					"these labels select the pods of %s as well, which then share connections", services[j].Name)
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
