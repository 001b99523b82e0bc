// Package inventory says what a set of manifests amounts to: the namespaces,
// the workloads whose pods run there, the Services and the pods that they
// select, the doors by which traffic comes in, the parties outside, and how
// each takes part in the mesh. It looks things up and judges nothing: what is
// allowed is package reach's, what is right is package audit's.
//
// Where the manifests hold no workload for a service of the model, as in a
// repository of networking alone, the model stands in: it says which labels and
// ports the pods have (see Workload.StandIn).
package inventory

import (
	"errors"
	"reflect"
	"slices"
	"sync"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// Inventory is what a set of objects amounts to. It does not change once made,
// and is safe for concurrent use.
type Inventory struct {
	// Objects are all objects, in the order given.
	Objects []*manifest.Object
	// Model is the model with its defaults, as it is for the environment that the
	// objects are for; nil where there is none.
	Model *spec.Network
	// Policies are the NetworkPolicies.
	Policies *reach.Set
	// Namespaces are those that have a manifest or hold an object or a workload, by name.
	Namespaces []*Namespace
	// Workloads are the application's own, by namespace and name; see Parties for the rest.
	Workloads []*Workload
	// Services are the Service objects, in the order given.
	Services []*Service
	// Doors are the ways in from outside the cluster, in the order of their objects.
	Doors []*Door
	// Parties are who else takes part: the platform's pods and those that the
	// model names outside its own namespace.
	Parties []*Workload
	// Unreadable says which objects have fields of the wrong type. They count in
	// Objects, and nowhere else.
	Unreadable diag.List
	// Refused are the NetworkPolicies that the API server would refuse, and why.
	Refused diag.List

	byID          map[id]*manifest.Object
	namespaces    map[string]*Namespace
	services      map[name]*Service
	pods          map[string]*podIndex // by namespace
	parties       map[string]*podIndex
	proxies       map[*manifest.Object][]reach.Endpoint // of the FrontGateways
	modelServices map[string]*spec.Service
	edgesOnce     sync.Once
	edges         []Edge // made when first asked for
	mu            sync.Mutex
	byType        map[reflect.Type][]viewed
	items         map[reflect.Type]any // []Item[T], made from byType when first asked for
}

type id struct{ group, kind, namespace, name string }
type name struct{ namespace, name string }

// viewed is an object with the pointer to its typed view.
type viewed struct {
	*manifest.Object
	view any
}

// Item is an object with its typed view.
type Item[T any] struct {
	*manifest.Object
	V *T
}

// New takes stock of objects. A nil model is none; a model is given without
// defaults or with them.
func New(objects []*manifest.Object, model *spec.Network) *Inventory {
	inv := &Inventory{
		Objects: objects, byID: make(map[id]*manifest.Object, len(objects)), namespaces: map[string]*Namespace{},
		services: map[name]*Service{}, pods: map[string]*podIndex{}, parties: map[string]*podIndex{}, byType: map[reflect.Type][]viewed{}, items: map[reflect.Type]any{},
	}
	if model != nil {
		inv.Model = model.WithDefaults()
		inv.modelServices = make(map[string]*spec.Service, len(inv.Model.Spec.Services))
		for i := range inv.Model.Spec.Services {
			s := &inv.Model.Spec.Services[i]
			inv.modelServices[s.Name] = s
		}
	}
	for _, o := range objects {
		at := id{o.Group(), o.Kind, o.Namespace, o.Name}
		if inv.byID[at] == nil {
			inv.byID[at] = o
		}
		// What cannot be viewed is in Unreadable.
		if v, err := o.Viewed(); err == nil && v != nil {
			t := reflect.TypeOf(v).Elem()
			inv.byType[t] = append(inv.byType[t], viewed{o, v})
		}
	}
	inv.Unreadable = manifest.ViewAll(objects)
	var err error
	inv.Policies, err = reach.New(objects, reach.BlocksMatchExternal)
	errors.As(err, &inv.Refused)
	if inv.Model != nil && inv.Model.Spec.Mesh.Namespace != "" {
		inv.Policies.RootNamespace = inv.Model.Spec.Mesh.Namespace
	}
	inv.takeNamespaces()
	inv.takeWorkloads()
	inv.takeServices()
	inv.takeModel()
	inv.takeDoors()
	inv.takeProxies()
	inv.takeParties()
	inv.join()
	return inv
}

// All are the objects whose typed view is a T, of the given kinds (any, if
// none), in their order.
func All[T any](inv *Inventory, kinds ...string) []Item[T] {
	inv.mu.Lock()
	found, known := inv.items[reflect.TypeFor[T]()].([]Item[T])
	if !known {
		for _, o := range inv.byType[reflect.TypeFor[T]()] {
			found = append(found, Item[T]{o.Object, o.view.(*T)})
		}
		inv.items[reflect.TypeFor[T]()] = found
	}
	inv.mu.Unlock()
	if len(kinds) == 0 {
		return found
	}
	return slices.DeleteFunc(slices.Clone(found), func(i Item[T]) bool { return !slices.Contains(kinds, i.Kind) })
}

// Object is the first object of that group, kind, namespace and name, or nil.
func (inv *Inventory) Object(group, kind, namespace, name string) *manifest.Object {
	return inv.byID[id{group, kind, namespace, name}]
}

// Has reports whether there is any object of a kind in an API group.
func (inv *Inventory) Has(group, kind string) bool {
	return slices.ContainsFunc(inv.Objects, func(o *manifest.Object) bool { return o.Kind == kind && o.Group() == group })
}
