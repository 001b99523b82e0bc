package specfile

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/scalar"
	"kgen.dev/kgen/internal/spec"
)

// row is a line of a random text and what it belongs to.
type row struct {
	text  string
	owner string // the path of the innermost item that the line is part of
	value bool   // the whole of that item's value stands here, or is part of a value that does
	// comment is what must be left of a line between brackets, whose commas and
	// spaces may change.
	comment string
	spread  bool
	entry   string // the path of the entry whose first key stands behind the dash here
}

func (r *random) comment() string {
	r.made++
	return fmt.Sprintf("# c%d it's \"\t[", r.made)
}

// text prints a model in a layout of its own.
func (r *random) text(n *spec.Network) (rows []row) {
	r.layout = layout{indent: 1 + r.IntN(4), dash: r.IntN(3), gap: 2 + r.IntN(3)}
	r.newline = []string{"\n", "\n", "\r\n"}[r.IntN(3)]
	r.anchors = nil
	if r.one(4) {
		rows = append(rows, row{text: "---", owner: "!"})
	}
	rows = append(rows, r.mapping(reflect.ValueOf(n).Elem(), "")...)
	if r.one(4) {
		rows = append(rows, row{text: "...", owner: "!"})
	}
	return rows
}

func (r *random) joined(rows []row) string {
	var b strings.Builder
	for _, row := range rows {
		b.WriteString(row.text + r.newline)
	}
	text := b.String()
	if r.one(5) {
		text = strings.TrimSuffix(text, r.newline)
	}
	if r.one(8) {
		text = string(bom) + text
	}
	return text
}

type keyed struct {
	key, path string
	value     reflect.Value
}

// keys gives the keys of a struct or of labels, shuffled at times.
func (r *random) keys(v reflect.Value, path string) (out []keyed) {
	if v.Kind() == reflect.Map {
		for _, k := range sortedKeys(v) {
			out = append(out, keyed{k.String(), path + "{" + k.String() + "}", v.MapIndex(k)})
		}
	} else {
		for _, f := range tables[v.Type()].fields {
			if fv := v.Field(f.index); shown(f, fv) {
				out = append(out, keyed{f.key, path + "." + f.key, reflect.Indirect(fv)})
			}
		}
	}
	if r.one(3) {
		r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	}
	return out
}

func (r *random) mapping(v reflect.Value, path string) (rows []row) {
	for _, k := range r.keys(v, path) {
		rows = append(rows, r.above(path, k.path, len(rows) == 0)...)
		rows = append(rows, r.member(k)...)
	}
	return rows
}

// above are comments and empty lines before an item.
func (r *random) above(holder, item string, first bool) (rows []row) {
	if r.one(12) && !first {
		rows = append(rows, row{text: r.comment(), owner: holder}, row{owner: "!"})
	}
	if r.one(8) {
		rows = append(rows, row{text: r.comment(), owner: item})
	}
	return rows
}

func (r *random) trailing() string {
	if !r.one(4) {
		return ""
	}
	return strings.Repeat(" ", 1+r.IntN(4)) + r.comment()
}

func (r *random) member(k keyed) []row {
	key := r.quote(k.key, true) + ":"
	v := k.value
	if single, ok := r.inline(v); ok {
		return []row{{text: key + " " + single + r.trailing(), owner: k.path, value: true}}
	}
	mark := ""
	if r.aliases && r.one(2) {
		r.made++
		mark = fmt.Sprintf(" &a%d", r.made)
		defer func() { r.anchors = append(r.anchors, anchor{mark[2:], v}) }()
	}
	if r.one(4) {
		return r.spread(key+mark, k)
	}
	rows := []row{{text: key + mark + r.trailing(), owner: k.path}}
	if v.Kind() == reflect.Slice {
		return append(rows, shifted(r.list(v, k.path), r.layout.dash)...)
	}
	rows = append(rows, shifted(r.mapping(v, k.path), r.layout.indent)...)
	if r.one(10) {
		rows = append(rows, row{text: strings.Repeat(" ", r.layout.indent) + r.comment(), owner: k.path})
	}
	return rows
}

func shifted(rows []row, by int) []row {
	for i := range rows {
		if rows[i].text != "" {
			rows[i].text = strings.Repeat(" ", by) + rows[i].text
		}
	}
	return rows
}

func (r *random) list(v reflect.Value, path string) (rows []row) {
	spaced := r.one(2)
	for i := range v.Len() {
		at := fmt.Sprintf("%s[%d]", path, i)
		if i > 0 && spaced {
			rows = append(rows, row{owner: "!"})
		}
		rows = append(rows, r.above(path, at, i == 0)...)
		entry := v.Index(i)
		if single, ok := r.inline(entry); ok {
			rows = append(rows, row{text: "- " + single + r.trailing(), owner: at, value: true})
			continue
		}
		inner := r.mapping(entry, at)
		if strings.HasPrefix(inner[0].text, "#") {
			rows = append(rows, row{text: "-", owner: at})
			rows = append(rows, shifted(inner, r.layout.gap)...)
			continue
		}
		inner = shifted(inner, r.layout.gap)
		inner[0].text = "-" + inner[0].text[1:]
		inner[0].entry = at
		rows = append(rows, inner...)
	}
	return rows
}

// inline prints a value on one line, where it takes that or chance wants it.
func (r *random) inline(v reflect.Value) (string, bool) {
	v = reflect.Indirect(v)
	for _, a := range r.anchors {
		if a.value.Type() == v.Type() && equalValues(a.value, v) {
			return "*" + a.name, true
		}
	}
	composed := v.Kind() == reflect.Slice || v.Kind() == reflect.Map || v.Kind() == reflect.Struct && !isScalar(v.Type())
	if composed && !empty(v) && (blockType(v.Type()) && !r.one(12) || !r.one(2)) {
		return "", false
	}
	return r.flow(v), true
}

func (r *random) flow(v reflect.Value) string {
	v = reflect.Indirect(v)
	space := []string{"", "", " "}[r.IntN(3)]
	switch {
	case isScalar(v.Type()):
		text := word(v)
		if v.Kind() == reflect.Struct && r.one(4) {
			text = scalar.Double(v.Interface().(spec.PortRef).Text())
		}
		return text
	case v.Kind() == reflect.String:
		return r.quote(v.String(), false)
	case v.Kind() == reflect.Bool:
		return word(v)
	case v.Kind() == reflect.Struct && shorthand(v) != nil && !r.one(3):
		return r.flow(*shorthand(v))
	}
	var parts []string
	if v.Kind() == reflect.Slice {
		for i := range v.Len() {
			parts = append(parts, r.flow(v.Index(i)))
		}
		return "[" + space + strings.Join(parts, ", ") + space + "]"
	}
	for _, k := range r.keys(v, "") {
		parts = append(parts, r.quote(k.key, true)+": "+r.flow(k.value))
	}
	return "{" + space + strings.Join(parts, ", ") + space + "}"
}

// spread prints a value between brackets on several lines.
func (r *random) spread(key string, k keyed) []row {
	var rows []row
	put := func(text, owner string) {
		_, comment, _ := strings.Cut(text, "# c")
		rows = append(rows, row{text: text, owner: owner, value: true, spread: true, comment: comment})
	}
	indent := strings.Repeat(" ", r.layout.indent)
	open, shut := "{", "}"
	var parts, paths []string
	if k.value.Kind() == reflect.Slice {
		open, shut = "[", "]"
		for i := range k.value.Len() {
			parts = append(parts, r.flow(k.value.Index(i)))
			paths = append(paths, fmt.Sprintf("%s[%d]", k.path, i))
		}
	} else {
		for _, in := range r.keys(k.value, k.path) {
			parts = append(parts, r.quote(in.key, true)+": "+r.flow(in.value))
			paths = append(paths, in.path)
		}
	}
	put(key+" "+open+r.trailing(), k.path+"!")
	for i, part := range parts {
		if r.one(4) {
			put(indent+r.comment(), paths[i])
		}
		if i < len(parts)-1 || r.one(2) {
			part += ","
		}
		put(indent+part+r.trailing(), paths[i])
	}
	put(indent+shut+r.trailing(), k.path+"!")
	return rows
}

func (r *random) quote(s string, key bool) string {
	switch n := r.IntN(6); {
	case n == 0:
		return single(s)
	case n == 1:
		return scalar.Double(s)
	case n == 2 && !key && len(r.anchors) > 0 && r.aliases && r.one(8):
		r.made++
		return fmt.Sprintf("&a%d %s", r.made, scalar.Word(s))
	}
	return scalar.Word(s)
}

// touched reports whether a line may change with what was touched.
func (line row) touched(paths []string) bool {
	if line.owner == "!" || line.text == "" {
		return strings.TrimSpace(line.text) == ""
	}
	return slices.ContainsFunc(paths, func(p string) bool {
		if strings.TrimSuffix(line.owner, "!") == p {
			return true
		}
		holder := p[:max(0, strings.LastIndexAny(p, ".[{"))]
		return under(line.owner, p) || line.value && under(p, line.owner) || line.entry != "" && line.entry == holder
	})
}

func under(path, other string) bool {
	rest, ok := strings.CutPrefix(path, other)
	return ok && (rest == "" || strings.IndexByte(".[{!", rest[0]) >= 0)
}

// find gives the index of the line in a text, or -1.
func (line row) find(lines []string) int {
	if line.spread {
		return slices.IndexFunc(lines, func(s string) bool { return strings.HasSuffix(s, line.comment) })
	}
	return slices.Index(lines, line.text)
}
