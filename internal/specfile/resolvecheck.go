package specfile

import (
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// check records what is wrong with the merged model and with neither side: one
// has removed a service, say, and the other calls it from one place more.
func (r *resolver) check(merged *spec.Network) {
	alike := map[string]bool{}
	for _, side := range []*File{r.ours, r.theirs} {
		for _, found := range spec.Validate(side.Network).Errors() {
			alike[found.Message] = true
		}
	}
	for _, found := range spec.Validate(merged).Errors() {
		if alike[found.Message] {
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(r.gone)) {
			if strings.Contains(found.Message, strconv.Quote(name)) {
				found.Message += ", because it is removed " + r.gone[name] + " ======="
			}
		}
		found.File = r.name
		found.Line, found.Column = r.find(reflect.ValueOf(merged).Elem().FieldByName("Spec"), found.Path)
		found.Message = "with both sides together, " + found.Message
		found.Fix = "write what is meant, and remove the markers"
		r.list = append(r.list, found)
	}
}

var step = regexp.MustCompile(`^(?:\.?([^.\[\]]+)|\[(\d+)\])`)

// find gives the place in the conflicted text of a path of the merged model,
// whose entries may stand elsewhere on either side.
func (r *resolver) find(v reflect.Value, path string) (line, column int) {
	ours, theirs := newSide(r.ours), newSide(r.theirs)
	for path != "" && v.IsValid() {
		m := step.FindStringSubmatch(path)
		if m == nil {
			break
		}
		path = path[len(m[0]):]
		switch tab := tables[v.Type()]; {
		case m[2] != "" && v.Kind() == reflect.Slice:
			i, _ := strconv.Atoi(m[2])
			if i >= v.Len() {
				v = reflect.Value{}
				break
			}
			v = reflect.Indirect(v.Index(i))
			ours.entry(v)
			theirs.entry(v)
		case tab != nil && has(tab.byKey, m[1]):
			f := tab.fields[tab.byKey[m[1]]]
			v = reflect.Indirect(v.Field(f.index))
			ours.key(f)
			theirs.key(f)
		default:
			v = reflect.Value{}
		}
	}
	side, lines := ours, r.above
	if theirs.depth > ours.depth {
		side, lines = theirs, r.below
	}
	line, column = locate(side.file.root(), side.at.String())
	return at(lines, line), column
}

// sidePlace is how far a path of the merged model leads on one side.
type sidePlace struct {
	file  *File
	value reflect.Value
	at    *place
	depth int
}

func newSide(f *File) *sidePlace {
	return &sidePlace{file: f, value: reflect.ValueOf(&f.Network.Spec).Elem(), at: &place{parent: &place{}, key: "spec"}}
}

func (s *sidePlace) key(f field) {
	if !s.value.IsValid() {
		return
	}
	s.value = reflect.Indirect(s.value.Field(f.index))
	if !absent(s.value) {
		s.at, s.depth = &place{parent: s.at, key: f.key}, s.depth+1
	}
}

func (s *sidePlace) entry(v reflect.Value) {
	if !s.value.IsValid() {
		return
	}
	list := s.value
	s.value = reflect.Value{}
	for i := range list.Len() {
		if identity(list.Index(i)) == identity(v) {
			s.value, s.at, s.depth = list.Index(i), &place{parent: s.at, index: i}, s.depth+1
			return
		}
	}
}
