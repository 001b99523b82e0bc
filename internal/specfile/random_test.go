package specfile

import (
	"fmt"
	"math/rand/v2"
	"reflect"

	"kgen.dev/kgen/internal/spec"
)

// random makes models of any kind that can be decoded, and prints them as
// differently as people do.
type random struct {
	*rand.Rand
	made    int // words so far: each is another one
	aliases bool
	anchors []anchor
	layout  layout
	newline string
}

type anchor struct {
	name  string
	value reflect.Value
}

func (r *random) one(in int) bool { return r.IntN(in) == 0 }

var oddWords = []string{"w%d", "w%d", "w%d", "a-%d.example.com", "null %d", "%d", "it's %d", "say \"%d\"", "a: b%d", "#%d", "é%d", "[%d]", "- %d", "%d, x", "x # %d", "日本%d"}

func (r *random) word() string {
	r.made++
	return fmt.Sprintf(oddWords[r.IntN(len(oddWords))], r.made)
}

// fill gives v a random value that is not zero.
func (r *random) fill(v reflect.Value, f *field) {
	t := v.Type()
	switch {
	case isScalar(t):
		for v.IsZero() {
			text := []string{"5", "80", fmt.Sprint(1 + r.IntN(60000)), "50", "99.9", "95", "5s", "1m30s", "http", "grpc-web", fmt.Sprint(1 + r.IntN(90))}[r.IntN(11)]
			if parse(v, text) != nil {
				v.SetZero()
			}
		}
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
		r.fill(v.Elem(), f)
	case t.Kind() == reflect.String:
		if f != nil && len(f.enum) > 0 {
			v.SetString(f.enum[r.IntN(len(f.enum))])
			return
		}
		v.SetString(r.word())
	case t.Kind() == reflect.Bool:
		v.SetBool(true)
	case t.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(t))
		for range 1 + r.IntN(3) {
			v.SetMapIndex(reflect.ValueOf(r.word()).Convert(t.Key()), reflect.ValueOf(r.word()).Convert(t.Elem()))
		}
	case t.Kind() == reflect.Slice:
		n := 1 + r.IntN(3)
		v.Set(reflect.MakeSlice(t, n, n))
		for i := range n {
			r.fill(v.Index(i), nil)
		}
	default:
		tab := tables[t]
		some := r.IntN(len(tab.fields))
		for i := range tab.fields {
			if f := &tab.fields[i]; f.required || i == some || r.one(3) {
				r.fill(v.Field(f.index), f)
			}
		}
	}
}

func (r *random) network() *spec.Network {
	n := new(spec.Network)
	r.fill(reflect.ValueOf(n).Elem(), nil)
	if services := n.Spec.Services; r.aliases {
		for i := range services { // so that there is something to share
			a, b := reflect.ValueOf(&services[0]).Elem(), reflect.ValueOf(&services[i]).Elem()
			for k := range a.NumField() {
				if r.one(2) && a.Type().Field(k).Name != "Name" {
					b.Field(k).Set(a.Field(k))
				}
			}
		}
	}
	return n
}

// touch changes something random below v, and gives the paths, in the model of
// before, of what it touched. Nothing outside belongs to the change.
func (r *random) touch(v reflect.Value, path string, f *field) []string {
	t := v.Type()
	switch {
	case isScalar(t) || t.Kind() == reflect.String:
		fresh := reflect.New(t).Elem()
		for fresh.IsZero() || equalValues(fresh, v) {
			fresh.SetZero()
			if r.fill(fresh, f); f != nil && len(f.enum) == 1 {
				return nil
			}
		}
		v.Set(fresh)
		return []string{path}
	case t.Kind() == reflect.Bool:
		v.SetBool(!v.Bool())
		return []string{path}
	case t.Kind() == reflect.Pointer:
		fresh := reflect.New(t.Elem())
		fresh.Elem().Set(v.Elem())
		v.Set(fresh)
		return r.touch(v.Elem(), path, f)
	case t.Kind() == reflect.Map:
		return r.touchLabels(v, path)
	case t.Kind() == reflect.Slice:
		return r.touchList(v, path)
	}
	tab := tables[t]
	f = &tab.fields[r.IntN(len(tab.fields))]
	if i, ok := tab.byKey["services"]; ok && r.one(2) {
		f = &tab.fields[i] // most of a model
	}
	fv, at := v.Field(f.index), path+"."+f.key
	switch {
	case fv.IsZero():
		r.fill(fv, f)
		return []string{at}
	case !f.required && r.one(3):
		fv.SetZero()
		if empty(v) || v.IsZero() {
			return []string{path, at}
		}
		return []string{at}
	}
	paths := r.touch(fv, at, f)
	if fv.IsZero() || v.IsZero() {
		return append(paths, path, at)
	}
	return paths
}

func (r *random) touchLabels(v reflect.Value, path string) []string {
	t := v.Type()
	fresh := reflect.MakeMap(t)
	keys := sortedKeys(v)
	for _, k := range keys {
		fresh.SetMapIndex(k, v.MapIndex(k))
	}
	v.Set(fresh)
	value := func() reflect.Value { return reflect.ValueOf(r.word()).Convert(t.Elem()) }
	if len(keys) == 0 || r.one(3) {
		k := r.word()
		v.SetMapIndex(reflect.ValueOf(k).Convert(t.Key()), value())
		return []string{path + "{" + k + "}"}
	}
	k := keys[r.IntN(len(keys))]
	at := path + "{" + k.String() + "}"
	if r.one(2) {
		v.SetMapIndex(k, value())
		return []string{at}
	}
	v.SetMapIndex(k, reflect.Value{})
	if v.Len() == 0 {
		return []string{path, at}
	}
	return []string{at}
}

func (r *random) touchList(v reflect.Value, path string) []string {
	t := v.Type()
	n := v.Len()
	fresh := reflect.MakeSlice(t, n, n)
	reflect.Copy(fresh, v)
	v.Set(fresh)
	at := func(i int) string { return fmt.Sprintf("%s[%d]", path, i) }
	switch op := r.IntN(5); {
	case op == 0 || n == 0:
		entry := reflect.New(t.Elem()).Elem()
		r.fill(entry, nil)
		i := r.IntN(n + 1)
		v.Set(reflect.AppendSlice(reflect.Append(reflect.MakeSlice(t, 0, n+1), collect(v, 0, i)...), reflect.Append(reflect.MakeSlice(t, 0, n), append([]reflect.Value{entry}, collect(v, i, n)...)...)))
		if n == 0 {
			return []string{path}
		}
		return []string{at(n + 1)}
	case op == 1:
		i := r.IntN(n)
		v.Set(reflect.Append(reflect.MakeSlice(t, 0, n), append(collect(v, 0, i), collect(v, i+1, n)...)...))
		if n == 1 {
			if r.one(2) && path != ".spec.services" {
				v.SetZero()
			}
			return []string{path, at(0)}
		}
		return []string{at(i)}
	case op == 2 && n > 1:
		r.Shuffle(n, reflect.Swapper(v.Interface()))
		return []string{path}
	}
	i := r.IntN(n)
	return r.touch(v.Index(i), at(i), nil)
}

func collect(v reflect.Value, from, to int) (out []reflect.Value) {
	for i := from; i < to; i++ {
		out = append(out, v.Index(i))
	}
	return out
}
