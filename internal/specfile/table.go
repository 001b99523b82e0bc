package specfile

import (
	"reflect"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// field is one key of a mapping in the file.
type field struct {
	key      string
	index    int // in the Go struct
	required bool
	enum     []string
}

// table is what decoding and printing need to know of a struct type.
type table struct {
	fields []field
	byKey  map[string]int
	keys   []string
	fix    string // what to do about something else in the place of the mapping
	// shorthand is the field that a single word stands for, or -1.
	shorthand int
	// block is set on types that hold lists of mappings: they are always
	// written key by key, a line each.
	block bool
}

var (
	scalarType  = reflect.TypeFor[spec.Scalar]()
	networkType = reflect.TypeFor[spec.Network]()

	// shorthands are the types that may be written as a single word.
	shorthands = map[reflect.Type]string{reflect.TypeFor[spec.Call](): "service"}

	// tables holds the table of every struct type that a Network is made of.
	tables = tablesOf(networkType)
)

func tablesOf(root reflect.Type) map[reflect.Type]*table {
	all := map[reflect.Type]*table{}
	var visit func(t reflect.Type)
	visit = func(t reflect.Type) {
		for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct || isScalar(t) || all[t] != nil {
			return
		}
		all[t] = tableOf(t)
		for i := range t.NumField() {
			visit(t.Field(i).Type)
		}
	}
	visit(root)
	return all
}

func tableOf(t reflect.Type) *table {
	out := &table{byKey: map[string]int{}, shorthand: -1}
	for i := range t.NumField() {
		sf := t.Field(i)
		key, _, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		f := field{key: key, index: i}
		for option := range strings.SplitSeq(sf.Tag.Get("jsonschema"), ",") {
			if value, ok := strings.CutPrefix(option, "enum="); ok {
				f.enum = append(f.enum, value)
			}
			f.required = f.required || option == "required"
		}
		if key == shorthands[t] {
			out.shorthand = i
		}
		if sf.Type.Kind() == reflect.Slice && sf.Type.Elem().Kind() == reflect.Struct && !isScalar(sf.Type.Elem()) {
			out.block = true
		}
		out.byKey[key] = len(out.fields)
		out.fields = append(out.fields, f)
		out.keys = append(out.keys, key)
	}
	out.fix = "give it " + some(out.keys)
	return out
}
