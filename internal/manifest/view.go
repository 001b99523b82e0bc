package manifest

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"kgen.dev/kgen/internal/diag"
)

// views are an object's typed views, each made once.
type views struct {
	mutex sync.Mutex
	made  map[reflect.Type]viewed
}

type viewed struct {
	value any
	err   error
}

// View returns the object as T, which must be this package's type for its
// kind, as As does, but for manifests that others wrote: a key that T has no
// field for is passed over. A value of the wrong type is an error (a diag.List,
// every one with its place). The view is made once an object and shared, by
// goroutines too: callers do not change it.
func View[T any](o *Object) (*T, error) {
	typ := reflect.TypeFor[T]()
	if s, known := shapes[kindOf{o.Group(), o.Kind}]; !known || s.typ != typ {
		return nil, fmt.Errorf("%s: %s is no %s; ask for the type of its kind", o.Place(), o.Ref(), typ.Name())
	}
	v := o.view(typ)
	if v.err != nil {
		return nil, v.err
	}
	return v.value.(*T), nil
}

func (o *Object) view(typ reflect.Type) viewed {
	o.views.mutex.Lock()
	defer o.views.mutex.Unlock()
	if v, ok := o.views.made[typ]; ok {
		return v
	}
	value := reflect.New(typ)
	v := viewed{value: value.Interface()}
	if err := o.tolerate(v.value, typ); err != nil {
		v = viewed{err: err}
	}
	if o.views.made == nil {
		o.views.made = map[reflect.Type]viewed{}
	}
	o.views.made[typ] = v
	return v
}

// tolerate decodes what into has fields for.
func (o *Object) tolerate(into any, typ reflect.Type) error {
	c := checker{file: o.File, files: o.Files, tolerant: true, numbers: true}
	c.walk(o.Node, typ, nil)
	if err := c.findings.Err(); err != nil {
		return err
	}
	if err := o.Node.Decode(into); err != nil {
		return diag.List{syntax(o.File, err)}
	}
	return nil
}

// ViewAll makes the typed view of every object of a known kind and returns all
// findings: what View will say of any of them.
func ViewAll(objects []*Object) diag.List {
	var findings diag.List
	for _, o := range objects {
		s, known := shapes[kindOf{o.Group(), o.Kind}]
		if !known {
			continue
		}
		var list diag.List
		if errors.As(o.view(s.typ).err, &list) {
			findings = append(findings, list...)
		}
	}
	return findings
}
