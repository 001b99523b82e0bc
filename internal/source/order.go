package source

// orders notes what each kustomization gone through says of the order in which
// what it builds is printed.
func (r *reader) orders() {
	for _, s := range r.set.Kustomizations {
		if n := field(field(r.kustomizations[s.Dir].node, "sortOptions"), "order"); n != nil {
			s.Order = n.Value
		}
	}
}
