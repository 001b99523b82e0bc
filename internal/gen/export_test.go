package gen

// Alone has text/template run every template.
func (o Options) Alone() Options {
	o.alone = true
	return o
}

// GaveUp has a function told of every template that the executor left to
// text/template, by several goroutines at once.
func (o Options) GaveUp(told func(template string)) Options {
	o.gaveUp = told
	return o
}
