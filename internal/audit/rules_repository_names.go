package audit

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/source"
)

// namings are the paths by which objects name Services where kustomize does not
// follow a new name; those of hosts hold a name of DNS.
var namings = []struct {
	group, kind string
	path        []string
	host        bool
}{
	{"networking.istio.io", "VirtualService", []string{"spec", "hosts", "*"}, true},
	{"networking.istio.io", "VirtualService", []string{"spec", "http", "*", "route", "*", "destination", "host"}, true},
	{"networking.istio.io", "VirtualService", []string{"spec", "tls", "*", "route", "*", "destination", "host"}, true},
	{"networking.istio.io", "VirtualService", []string{"spec", "tcp", "*", "route", "*", "destination", "host"}, true},
	{"networking.istio.io", "DestinationRule", []string{"spec", "host"}, true},
	{"gateway.networking.k8s.io", "", []string{"spec", "rules", "*", "backendRefs", "*", "name"}, false},
	{"gateway.networking.k8s.io", "", []string{"spec", "parentRefs", "*", "name"}, false},
}

// renames reports a new name that does not reach those who name a Service.
func (c *Check) renames(m source.Mutator) {
	was := map[objectAt]string{} // the new names by the old ones
	for _, o := range c.Objects {
		if o.Kind != "Service" && o.Kind != "Gateway" || o.Group() != "" && o.Group() != "gateway.networking.k8s.io" {
			continue
		}
		old, renamed := strings.CutPrefix(o.Name, m.Value)
		if m.Field == "nameSuffix" {
			old, renamed = strings.CutSuffix(o.Name, m.Value)
		}
		if renamed && old != "" {
			was[objectAt{o.Namespace, old}] = o.Name
		}
	}
	for at := range was {
		if c.Service(at.namespace, at.name) != nil || c.Object("gateway.networking.k8s.io", "Gateway", at.namespace, at.name) != nil {
			delete(was, at) // another one has that name
		}
	}
	if len(was) == 0 {
		return
	}
	c.Looked()
	var by []naming
	for _, o := range c.Objects {
		by = append(by, namedIn(o, was)...)
	}
	for _, w := range c.Workloads {
		for i := range w.Env {
			if now := meansHost(w.Env[i].Value, w.Namespace, was); now != "" && w.Object != nil {
				by = append(by, naming{w.Object, w.Template.At("spec", "containers"), w.Env[i].Value, now})
			}
		}
	}
	if len(by) == 0 {
		return
	}
	f := c.ReportFile(m.Position, "write the names out, in what is renamed and in what names it", "%s renames what others name, and kustomize does not follow that there: %s says %s, and it is %s now", m.Field, by[0].Ref(), by[0].says, by[0].now)
	for _, n := range by[:min(3, len(by))] {
		f.See(n.Object, n.path, "says %s, which is %s now", n.says, n.now)
	}
}

// naming is a place that names something as it was called before.
type naming struct {
	*manifest.Object
	path      []any
	says, now string
}

// namedIn are the places in an object that name something by its old name.
func namedIn(o *manifest.Object, was map[objectAt]string) []naming {
	var out []naming
	if o.Kind == "ConfigMap" && o.Group() == "" {
		v, _ := o.Value()
		data, _ := v.Field("data")
		for _, f := range data.Fields {
			text, _ := f.Value.Scalar.(string)
			if now := meansHost(text, o.Namespace, was); now != "" {
				out = append(out, naming{o, Field("data", f.Key), text, now})
			}
		}
	}
	for _, n := range namings {
		if o.Group() != n.group || n.kind != "" && o.Kind != n.kind || o.Node == nil {
			continue
		}
		for _, path := range pathsTo(o.Node, n.path) {
			text := scalarAt(o.Node, path)
			name, rest, _ := strings.Cut(text, ".")
			at := objectAt{o.Namespace, name}
			if n.host && rest != "" {
				at.namespace, _, _ = strings.Cut(rest, ".")
			}
			if now := was[at]; now != "" && (n.host || rest == "") {
				out = append(out, naming{o, path, text, now})
			}
		}
	}
	return out
}

// meansHost is the new name of what an address names by its old one: one with a
// scheme or a port, or a name below svc.
func meansHost(value, namespace string, was map[objectAt]string) string {
	host := value
	if u, err := url.Parse(value); err == nil && strings.Contains(value, "://") {
		host = u.Hostname()
	} else if h, port, err := net.SplitHostPort(value); err == nil {
		if _, err := strconv.Atoi(port); err != nil {
			return ""
		}
		host = h
	} else if !strings.Contains(value, ".svc") {
		return ""
	}
	name, rest, _ := strings.Cut(host, ".")
	if rest != "" {
		namespace, _, _ = strings.Cut(rest, ".")
	}
	return was[objectAt{namespace, name}]
}
