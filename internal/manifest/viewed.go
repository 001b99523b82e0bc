package manifest

// Viewed returns the object as View does, as a pointer to whatever type this
// package has for its kind; nil for a kind that it has none for.
func (o *Object) Viewed() (any, error) {
	s, known := shapes[kindOf{o.Group(), o.Kind}]
	if !known {
		return nil, nil
	}
	v := o.view(s.typ)
	return v.value, v.err
}
