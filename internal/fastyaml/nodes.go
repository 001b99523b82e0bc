package fastyaml

import "go.yaml.in/yaml/v3"

// nodes makes the nodes of the records: all in one piece of memory, and the
// lists of what is in collections in another.
func (r *reader) nodes() []*yaml.Node {
	b := builder{
		reader: r,
		nodes:  make([]yaml.Node, len(r.records)),
		below:  make([]*yaml.Node, len(r.records)),
	}
	var documents int
	for i := range r.records {
		if r.records[i].kind == uint8(yaml.DocumentNode) {
			documents++
		}
	}
	if documents == 0 {
		return nil
	}
	list := b.below[:documents:documents]
	b.below = b.below[documents:]
	next := 0
	for i := range list {
		list[i] = &b.nodes[next]
		next = b.build(next)
	}
	return list
}

// builder turns records into nodes.
type builder struct {
	reader *reader
	nodes  []yaml.Node  // one a record
	below  []*yaml.Node // what is left of the lists' memory
}

// build makes node i and all below it, and tells the one after them.
func (b *builder) build(i int) (next int) {
	n, from := &b.nodes[i], &b.reader.records[i]
	n.Kind, n.Style = yaml.Kind(from.kind), yaml.Style(from.style)
	n.Tag, n.Value = tags[from.tag], b.reader.valueOf(from.value)
	n.Line, n.Column = int(from.line), int(from.column)
	if from.notes > 0 {
		c := &b.reader.notes[from.notes-1]
		n.HeadComment, n.LineComment, n.FootComment = c.head, c.line, c.foot
	}
	next = i + 1
	if size := int(from.size); size > 0 {
		n.Content = b.below[:size:size]
		b.below = b.below[size:]
		for j := range n.Content {
			n.Content[j] = &b.nodes[next]
			next = b.build(next)
		}
	}
	return next
}
