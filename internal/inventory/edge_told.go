package inventory

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
)

// told is a text that a container is given and that may be an address.
type told struct {
	name   string // the variable's; args[0] or command[0] of an argument
	value  string
	object *manifest.Object // where the value is written
	path   []any
	word   bool // an argument: an address only with a port or as a URL
}

// variableEdges are what containers are given the address of: an environment
// variable with "name:port", a URL or a Service's full name, or, where the
// variable's name says that it is an address, a Service's name alone. The value
// stands in the pod template, or in a ConfigMap that it refers to; arguments are
// addresses with a port, or URLs.
func (inv *Inventory) variableEdges() []Edge {
	var out []Edge
	for _, w := range inv.Workloads {
		if w.Object == nil {
			continue
		}
		pods, err := manifest.PodsOf(w.Object)
		if err != nil || pods == nil {
			continue
		}
		for path, c := range pods.Template.Spec.Running {
			at := pods.At(append([]any{"spec"}, path...)...)
			for _, t := range inv.toldTo(w, c, at) {
				out = append(out, inv.toldEdges(w, t)...)
			}
		}
	}
	return out
}

// toldTo is all that a container at a path of a workload's object is given.
func (inv *Inventory) toldTo(w *Workload, c *manifest.Container, at []any) []told {
	var out []told
	below := func(path ...any) []any { return append(at[:len(at):len(at)], path...) }
	known := map[string]string{}
	for _, from := range c.EnvFrom {
		for _, f := range inv.configuration(w.Namespace, from.ConfigMapRef.Name) {
			f.name = from.Prefix + f.name
			known[f.name] = f.value
			out = append(out, f)
		}
	}
	for i, v := range c.Env {
		t := told{name: v.Name, value: v.Value, object: w.Object, path: below("env", i, "value")}
		if ref := v.ValueFrom.ConfigMapKeyRef; ref.Name != "" {
			entries := inv.configuration(w.Namespace, ref.Name)
			j := slices.IndexFunc(entries, func(e told) bool { return e.name == ref.Key })
			if j < 0 {
				continue
			}
			t = entries[j]
			t.name = v.Name
		} else {
			t.value = expand(v.Value, known)
		}
		known[t.name] = t.value
		out = append(out, t)
	}
	for i, word := range c.Command {
		out = append(out, told{"command[" + strconv.Itoa(i) + "]", expand(word, known), w.Object, below("command", i), true})
	}
	for i, word := range c.Args {
		out = append(out, told{"args[" + strconv.Itoa(i) + "]", expand(word, known), w.Object, below("args", i), true})
	}
	return out
}

// configuration are the entries of a ConfigMap that is given, in its order.
func (inv *Inventory) configuration(namespace, name string) []told {
	o := inv.Object("", "ConfigMap", namespace, name)
	if o == nil || name == "" {
		return nil
	}
	v, err := o.Value()
	if err != nil {
		return nil
	}
	data, _ := v.Field("data")
	var out []told
	for _, f := range data.Fields {
		if text, ok := f.Value.Scalar.(string); ok {
			out = append(out, told{name: f.Key, value: text, object: o, path: []any{"data", f.Key}})
		}
	}
	return out
}

// expand writes the values of variables in place of $(NAME), as Kubernetes does
// for those that are known ("Define Dependent Environment Variables").
func expand(value string, known map[string]string) string {
	if !strings.Contains(value, "$(") {
		return value
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(known)) {
		pairs = append(pairs, "$("+name+")", known[name])
	}
	return strings.NewReplacer(pairs...).Replace(value)
}

// toldEdges are the connections that one text is given for; it may list several
// addresses, as those of brokers.
func (inv *Inventory) toldEdges(w *Workload, t told) []Edge {
	var out []Edge
	scheme := ""
	for _, word := range strings.FieldsFunc(t.value, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) }) {
		a := splitAddress(word)
		if a.scheme == "" {
			a.scheme = scheme // kafka://a:9092,b:9092
		}
		scheme = a.scheme
		if a.host == "" || t.word && a.port == 0 && a.scheme == "" {
			continue
		}
		service, port, pods := inv.addressed(t.name, a, w.Namespace)
		for _, other := range pods {
			target, ok := other.Target(port)
			if ok && other != w {
				out = append(out, Edge{From: w, To: other, Service: service, Ports: []reach.Port{target}, Object: t.object, Path: t.path, Variable: t.name})
			}
		}
	}
	return out
}

// addressed is the Service, its port and its pods that an address in a variable
// means, seen from a namespace; none where it means nobody who is known.
func (inv *Inventory) addressed(variable string, a address, from string) (*Service, manifest.ServicePort, []*Workload) {
	service, pods := inv.named(a.host, from)
	if service == nil || len(service.V.Spec.Ports) == 0 {
		return nil, manifest.ServicePort{}, nil
	}
	number := a.port
	if number == 0 {
		switch ports := service.V.Spec.Ports; {
		case a.scheme == "" && !addressVariable(variable) && !strings.Contains(a.host, ".svc"):
			return nil, manifest.ServicePort{}, nil // a word that happens to be a Service's name
		case len(ports) == 1:
			return service, ports[0], pods
		}
		number = map[string]int{"http": 80, "https": 443}[a.scheme]
	}
	port, ok := service.Port(manifest.IntOrString{Number: number})
	if !ok {
		return nil, manifest.ServicePort{}, nil
	}
	return service, port, pods
}

// named is the Service of a host, and its pods; of a StatefulSet's pod, as in
// db-0.db, the StatefulSet (Kubernetes, "StatefulSets", "Stable Network ID").
func (inv *Inventory) named(host, from string) (*Service, []*Workload) {
	if s := inv.Host(host, from).Service; s != nil {
		return s, s.Pods
	}
	pod, rest, found := strings.Cut(host, ".")
	cut := strings.LastIndexByte(pod, '-')
	if !found || cut < 0 {
		return nil, nil
	}
	if _, err := strconv.Atoi(pod[cut+1:]); err != nil {
		return nil, nil
	}
	s := inv.Host(rest, from).Service
	if s == nil {
		return nil, nil
	}
	for _, w := range s.Pods {
		if w.Kind == "StatefulSet" && w.Name == pod[:cut] {
			return s, []*Workload{w}
		}
	}
	return nil, nil
}

// address is what a text says of where to connect to.
type address struct {
	host, scheme string
	port         int
}

// nameSchemes are URLs whose path is the address (gRPC, "Name Resolution").
var nameSchemes = []string{"dns", "passthrough", "xds"}

// splitAddress takes an address out of a word: "api:8080", "http://api/v1",
// "postgres://user:$(PASSWORD)@db:5432/x", "jdbc:postgresql://db:5432/x",
// "--upstream=api:80", "api.shop.svc.cluster.local". It is the zero address where
// there is none, or where a variable that is not known is a part of it.
func splitAddress(word string) address {
	word = strings.Trim(word, `"'`)
	var a address
	before, after, isURL := strings.Cut(word, "://")
	if _, rest, thin := strings.Cut(word, ":@//"); thin { // jdbc:oracle:thin:@//db:1521/x
		before, after, isURL = "oracle", rest, true
	}
	if isURL {
		if i := strings.LastIndexByte(before, '='); i >= 0 {
			before = before[i+1:]
		}
		a.scheme = before[strings.LastIndexByte(before, ':')+1:]
		if slices.Contains(nameSchemes, a.scheme) {
			after = after[strings.LastIndexByte(after, '/')+1:]
		}
		word = after
	} else if _, value, assigned := strings.Cut(word, "="); assigned {
		word = value
	}
	if end := strings.IndexAny(word, "/?#"); end >= 0 {
		word = word[:end]
	}
	word = word[strings.LastIndexByte(word, '@')+1:]
	host, text, found := strings.Cut(word, ":")
	if strings.ContainsAny(word, "$[]") {
		return address{}
	}
	if found {
		port, err := strconv.Atoi(text)
		if err != nil || port <= 0 {
			return address{}
		}
		a.port = port
	}
	a.host = host
	return a
}
