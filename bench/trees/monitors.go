package trees

import (
	"path"
	"strings"
)

const (
	sharedMonitors = "monitoring/network-metrics/services.yaml"
	ownNamespace   = "networking/namespace/namespace.yaml"
)

// aMonitorEach gives each service that the one ServiceMonitor selects one of its
// own, which selects it by its name, as most people write it: seven objects a
// service. The Namespace's file stands above the leaf folders then.
func aMonitorEach(files []File) []File {
	var out []File
	var scraped []string
	for _, f := range files {
		switch {
		case f.Path == ownNamespace:
			out = append(out, File{path.Join(path.Dir(path.Dir(f.Path)), path.Base(f.Path)), f.Objects})
		case f.Path == sharedMonitors:
			for _, name := range scraped {
				out = append(out, File{path.Join(path.Dir(f.Path), name+".yaml"), []Object{monitorOf(name, f.Objects[0])}})
			}
		default:
			var objects []Object
			for _, o := range f.Objects {
				if before, after, has := strings.Cut(o.Text, "\n    kgen.dev/scrape: "); has && o.Kind == "Service" {
					scraped = append(scraped, o.Name)
					_, rest, _ := strings.Cut(after, "\n")
					o.Text = before + "\n" + rest
				}
				objects = append(objects, o)
			}
			out = append(out, File{f.Path, objects})
		}
	}
	return out
}

// monitorOf is the monitor of all services for one of them.
func monitorOf(service string, all Object) Object {
	_, rest, _ := strings.Cut(all.Text, "apiVersion:") // without the comment
	before, after, _ := strings.Cut("apiVersion:"+rest, "    matchLabels:\n")
	_, after, _ = strings.Cut(after, "\n  endpoints:")
	own := all
	own.Name = Namespace + "-" + service
	own.Text = strings.Replace(before, "\n  name: "+all.Name+"\n", "\n  name: "+own.Name+"\n", 1) +
		"    matchLabels:\n      app.kubernetes.io/name: " + service + "\n  endpoints:" + after
	return own
}
