package fastyaml

import "go.yaml.in/yaml/v3"

// flow reads a node inside a flow collection, or the collection itself, all on
// one line, and leaves pos behind it.
func (r *reader) flow(depth int) bool {
	if depth > deepest {
		return false
	}
	switch r.peek(r.pos) {
	case '\n':
		return false
	case '[':
		return r.flowSequence(depth)
	case '{':
		return r.flowMapping(depth)
	}
	var s scalar
	if !r.scalar(&s, true) {
		return false
	}
	r.pushScalar(&s)
	return true
}

func (r *reader) flowSequence(depth int) bool {
	sequence := r.push(yaml.SequenceNode, yaml.FlowStyle, seqTag, span{}, r.here(r.pos))
	r.headed(sequence)
	r.pos++
	for {
		r.spaces()
		if r.peek(r.pos) == ']' {
			break
		}
		if !r.flow(depth + 1) {
			return false
		}
		r.records[sequence].size++
		if more, ok := r.separated(']'); !ok {
			return false
		} else if !more {
			break
		}
	}
	r.pos++
	return true
}

func (r *reader) flowMapping(depth int) bool {
	mapping := r.push(yaml.MappingNode, yaml.FlowStyle, mapTag, span{}, r.here(r.pos))
	r.headed(mapping)
	r.pos++
	for {
		r.spaces()
		switch r.peek(r.pos) {
		case '}':
			r.pos++
			return true
		case '\n':
			return false
		}
		var key scalar
		if !r.scalar(&key, true) {
			return false
		}
		r.spaces()
		if r.peek(r.pos) != ':' || r.pos-key.start > longestKey {
			return false
		}
		r.pos++
		r.pushScalar(&key)
		r.spaces()
		if !r.flow(depth + 1) {
			return false
		}
		r.records[mapping].size += 2
		if more, ok := r.separated('}'); !ok {
			return false
		} else if !more {
			r.pos++
			return true
		}
	}
}

// separated passes the comma behind a part of a flow collection; more is false
// where pos is at the collection's end instead.
func (r *reader) separated(end byte) (more, ok bool) {
	r.spaces()
	switch r.peek(r.pos) {
	case ',':
		r.pos++
		return true, true
	case end:
		return false, true
	}
	return false, false
}
