package fastyaml

import "go.yaml.in/yaml/v3"

// block reads the node that starts at pos, where a block collection may start,
// and passes on to the next line with content. Indent is the column of the
// block collection around it, -1 for none. Key is the record of the key that the
// node is the value of, nobody for none.
func (r *reader) block(indent, key int) bool {
	switch r.text[r.pos] {
	case '-':
		if r.dash() {
			return r.sequence(r.pos-r.start, false)
		}
	case '[', '{', '|', '>':
		return r.value(indent, key)
	}
	var s scalar
	if !r.scalar(&s, false) {
		return false
	}
	if r.keyed(&s) {
		return r.mapping(&s)
	}
	return r.lone(&s, indent, key)
}

// dash tells whether the dash at pos starts an item.
func (r *reader) dash() bool {
	c := r.peek(r.pos + 1)
	return c == ' ' || c == '\n'
}

// mapping reads a block mapping whose first key was read and is followed by its
// colon, and passes on.
func (r *reader) mapping(key *scalar) bool {
	if r.depth++; r.depth > deepest {
		return false
	}
	defer func() { r.depth-- }()
	indent := key.start - r.start
	mapping := r.push(yaml.MappingNode, 0, mapTag, span{}, r.here(key.start))
	for {
		k := r.pushScalar(key)
		r.records[mapping].size += 2
		if !r.entry(k, indent) {
			return false
		}
		if r.at != atContent {
			return true
		}
		if column := r.pos - r.start; column != indent {
			return column < indent
		}
		if !r.scalar(key, false) || !r.keyed(key) {
			return false
		}
	}
}

// entry reads the value of key k, from behind its colon, and passes on.
func (r *reader) entry(k, indent int) bool {
	colon := r.pos
	if !r.blank() {
		if r.text[r.pos] != '#' {
			return r.value(indent, k)
		}
		if r.pos-colon > longestBlank {
			return false
		}
		r.note(k).line = r.lineComment()
	}
	nothing := r.here(colon)
	if !r.gap(indent, noFeet) {
		return false
	}
	if r.at == atContent {
		column := r.pos - r.start
		if column > indent {
			return r.block(indent, k)
		}
		if column == indent && r.text[r.pos] == '-' && r.dash() {
			return r.sequence(indent, true)
		}
	}
	r.push(yaml.ScalarNode, 0, nullTag, span{}, nothing)
	return true
}

// value reads a scalar or flow collection that is no key, and passes on.
func (r *reader) value(indent, key int) bool {
	switch r.text[r.pos] {
	case '[', '{':
		node := len(r.records)
		return r.flow(0) && r.ended(node, false, indent, key)
	case '|', '>':
		return r.literal(indent, key)
	}
	var s scalar
	return r.scalar(&s, false) && r.lone(&s, indent, key)
}

// lone passes on from a scalar that is no key.
func (r *reader) lone(s *scalar, indent, key int) bool {
	return r.ended(r.pushScalar(s), s.style == 0, indent, key)
}

// ended passes what may follow a value on its line, nothing or a comment, and
// passes on. The yaml package has no feet directly below the first line of a
// stream, but for that of a plain scalar without a comment, for which it looks
// from the next line.
func (r *reader) ended(node int, isPlain bool, indent, key int) bool {
	f := feet{owner: owner(node, key), below: r.line > 0}
	if end := r.pos; r.blank() {
		f.below = f.below || isPlain
	} else {
		if r.text[r.pos] != '#' || r.pos-end > longestBlank {
			return false
		}
		r.note(node).line = r.lineComment()
	}
	return r.gap(indent, f)
}

// owner is whose the feet of a node are: its key's, if it has one.
func owner(node, key int) int {
	if key != nobody {
		return key
	}
	return node
}

// lineComment reads the comment from pos to the end of the line.
func (r *reader) lineComment() string {
	start := r.pos
	r.pos = r.lineEnd(start)
	return r.text[start:r.pos]
}

// sequence reads a block sequence at a column, from its first dash, and passes
// on. An indentless one stands in the column of the key that it is the value of.
func (r *reader) sequence(indent int, indentless bool) bool {
	if r.depth++; r.depth > deepest {
		return false
	}
	defer func() { r.depth-- }()
	sequence := r.push(yaml.SequenceNode, 0, seqTag, span{}, r.here(r.pos))
	for {
		r.records[sequence].size++
		if !r.item(indent) {
			return false
		}
		if r.at != atContent {
			return true
		}
		if column := r.pos - r.start; column != indent {
			return column < indent
		}
		if r.text[r.pos] != '-' || !r.dash() {
			return indentless
		}
	}
}

// item reads an item from its dash, and passes on.
func (r *reader) item(indent int) bool {
	// What heads the item heads all of it, not what it starts with.
	head := r.head
	r.head = ""
	r.pos++
	node, nothing := len(r.records), r.here(r.pos)
	switch {
	case !r.blank():
		if !r.block(indent, nobody) {
			return false
		}
	case !r.gap(indent, noFeet) || r.head != "":
		return false
	case r.at == atContent && r.pos-r.start > indent:
		if !r.block(indent, nobody) {
			return false
		}
	case head != "":
		return false
	default:
		r.push(yaml.ScalarNode, 0, nullTag, span{}, nothing)
	}
	if head != "" {
		r.note(node).head = head
	}
	return true
}
