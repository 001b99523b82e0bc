package trees

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// A Layout arranges the manifests of a repository: other folders, other files,
// and the objects the same but where it says so.
type Layout struct {
	Name, Doc string
	// change makes the files of whose objects the layout is; nil leaves kgen's.
	change func([]File) []File
	// arrange puts them into a tree.
	arrange arrangement
	// oneNamespace is whether everything is in the namespace that the root sets.
	oneNamespace bool
}

// Arrange gives the layout of kgen's files: a tree, by path.
func (l Layout) Arrange(files []File) map[string]string { return l.arrange(l.of(files)) }

func (l Layout) of(files []File) []File {
	if l.change == nil {
		return files
	}
	return l.change(files)
}

// Kgens is the name of the layout that kgen writes.
const Kgens = "leaves-fifo-monitor"

// Layouts are the ones that are compared: the first is what a user writes who
// follows kustomize's documentation, and one is [Kgens].
var Layouts = []Layout{
	{Name: "naive", Doc: "the root names the leaf folders and sets `namespace:`; seven objects a service, a file each", change: aMonitorEach, arrange: naive, oneNamespace: true},
	{Name: "three-levels", Doc: "root, networking and monitoring, leaf folders; a file a service in each; namespaces written out", change: aMonitorEach, arrange: nested},
	{Name: "three-levels-fifo", Doc: "the same, with `sortOptions: {order: fifo}` in the root: what kgen once wrote", change: aMonitorEach, arrange: inOrder(nested)},
	{Name: "leaves-fifo", Doc: "the root names the leaf folders; in order", change: aMonitorEach, arrange: inOrder(leafLevel)},
	{Name: "three-levels-fifo-monitor", Doc: "three levels, in order; one ServiceMonitor for all services", arrange: inOrder(nested)},
	{Name: "leaves-monitor", Doc: "leaf folders; one ServiceMonitor for all services", arrange: leafLevel},
	{Name: Kgens, Doc: "the same, in order: what kgen writes", arrange: inOrder(leafLevel)},
	{Name: "leaves-fifo-monitor-namespace", Doc: "the same, with namespaces set by `namespace:` in the root", arrange: inOrder(namespaceAtRoot), oneNamespace: true},
	{Name: "leaves-fifo-monitor-objects", Doc: "the same as kgen's, with a file for each object", arrange: inOrder(of(anObjectAFile, leafLevel))},
	{Name: "files-fifo-monitor", Doc: "the root names every file; folders without a kustomization", arrange: inOrder(flat)},
	{Name: "one-file-fifo-monitor", Doc: "the root names one file with everything", arrange: inOrder(of(oneFile, flat))},
	{Name: "leaves-fifo-monitor-rule", Doc: "kgen's, and one PrometheusRule for all services", change: oneRule, arrange: inOrder(leafLevel)},
}

// LayoutNamed finds a layout by its name.
func LayoutNamed(name string) (Layout, error) {
	var names []string
	for _, l := range Layouts {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	return Layout{}, fmt.Errorf("there is no layout %q; there are %s", name, strings.Join(names, ", "))
}

// kustomization is the text of one that names resources, after lines of its own.
func kustomization(resources []string, own ...string) string {
	var b strings.Builder
	b.WriteString("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n")
	for _, line := range own {
		b.WriteString(line + "\n")
	}
	b.WriteString("resources:\n")
	for _, r := range resources {
		b.WriteString("- " + r + "\n")
	}
	return b.String()
}

func join(objects []Object) string {
	texts := make([]string, len(objects))
	for i, o := range objects {
		texts[i] = o.Text
	}
	return strings.Join(texts, "---\n")
}

// nested puts a kustomization into every folder that has files or folders with
// files, naming them in the order given; own are lines of the root's.
func nested(files []File, own ...string) map[string]string {
	tree := map[string]string{}
	entries := map[string][]string{}
	for _, f := range files {
		tree[f.Path] = join(f.Objects)
		for at := f.Path; at != "."; at = path.Dir(at) {
			dir := path.Dir(at)
			if !slices.Contains(tail(entries[dir]), path.Base(at)) {
				entries[dir] = append(entries[dir], path.Base(at))
			}
		}
	}
	for dir, names := range entries {
		var lines []string
		if dir == "." {
			lines = own
		}
		tree[path.Join(dir, "kustomization.yaml")] = kustomization(names, lines...)
	}
	return tree
}

// tail is the last entry: files come folder by folder.
func tail(list []string) []string { return list[max(0, len(list)-1):] }

// An arrangement puts files and their kustomizations into a tree.
type arrangement = func(files []File, root ...string) map[string]string

// of arranges files after a change of them.
func of(change func([]File) []File, arrange arrangement) arrangement {
	return func(files []File, root ...string) map[string]string { return arrange(change(files), root...) }
}

// inOrder has objects printed in the order of the files, not in the order of
// kinds that is kustomize's default.
func inOrder(arrange arrangement) arrangement {
	return func(files []File, root ...string) map[string]string {
		return arrange(files, append(root, "sortOptions: {order: fifo}")...)
	}
}

// bare are the files with their namespaces left to the root.
func bare(files []File) []File {
	out := make([]File, len(files))
	for i, f := range files {
		out[i].Path = f.Path
		for _, o := range f.Objects {
			o.Text = o.withoutNamespace()
			out[i].Objects = append(out[i].Objects, o)
		}
	}
	return out
}

func namespaceAtRoot(files []File, root ...string) map[string]string {
	return leafLevel(bare(files), append(root, "namespace: "+Namespace)...)
}

// leafLevel makes the root name the leaf folders: a kustomization in each and
// none between; own are lines of the root's.
func leafLevel(files []File, own ...string) map[string]string {
	tree := map[string]string{}
	entries := map[string][]string{}
	var root []string
	inner := map[string]bool{}
	for _, f := range files {
		for dir := path.Dir(path.Dir(f.Path)); ; dir = path.Dir(dir) {
			inner[dir] = true
			if dir == "." {
				break
			}
		}
	}
	for _, f := range files {
		tree[f.Path] = join(f.Objects)
		dir := path.Dir(f.Path)
		if inner[dir] {
			root = append(root, f.Path)
			continue
		}
		if entries[dir] == nil {
			root = append(root, dir)
		}
		entries[dir] = append(entries[dir], path.Base(f.Path))
	}
	for dir, names := range entries {
		tree[path.Join(dir, "kustomization.yaml")] = kustomization(names)
	}
	tree["kustomization.yaml"] = kustomization(root, own...)
	return tree
}

// anObjectAFile splits the files, each named for its object.
func anObjectAFile(files []File) []File {
	var out []File
	for _, f := range files {
		for _, o := range f.Objects {
			at := f.Path
			if len(f.Objects) > 1 {
				at = path.Join(path.Dir(at), strings.ToLower(o.Kind)+"-"+path.Base(at))
				if slices.ContainsFunc(tail2(out, len(f.Objects)), func(e File) bool { return e.Path == at }) {
					at = strings.TrimSuffix(at, ".yaml") + "-" + o.Name + ".yaml"
				}
			}
			out = append(out, File{at, []Object{o}})
		}
	}
	return out
}

func tail2(list []File, n int) []File { return list[max(0, len(list)-n):] }

func naive(files []File, root ...string) map[string]string {
	return leafLevel(bare(anObjectAFile(files)), append(root, "namespace: "+Namespace)...)
}

func flat(files []File, own ...string) map[string]string {
	tree := map[string]string{}
	var names []string
	for _, f := range files {
		tree[f.Path] = join(f.Objects)
		names = append(names, f.Path)
	}
	tree["kustomization.yaml"] = kustomization(names, own...)
	return tree
}

// gathered puts the objects of files together whose new path is the same.
func gathered(files []File, to func(File) string) []File {
	var out []File
	at := map[string]int{}
	for _, f := range files {
		name := to(f)
		i, known := at[name]
		if !known {
			i = len(out)
			at[name] = i
			out = append(out, File{Path: name})
		}
		out[i].Objects = append(out[i].Objects, f.Objects...)
	}
	return out
}

func oneFile(files []File) []File {
	return gathered(files, func(File) string { return "everything.yaml" })
}

// ofService is whether a file is one of a service's, not of all services.
func ofService(f File) bool { return strings.HasPrefix(path.Base(f.Path), "service-") }

// oneRule has one PrometheusRule hold the groups of every service.
func oneRule(files []File) []File {
	return shared(files, "PrometheusRule", func(one *Object, o Object) {
		if one.Text != o.Text {
			_, groups, _ := strings.Cut(o.Text, "\n  groups:\n")
			one.Text += groups
		}
	})
}

// shared makes one object of all that services have of a kind. It begins as the
// first, and merge adds each to it, the first as well.
func shared(files []File, kind string, merge func(one *Object, o Object)) []File {
	var out []File
	at := -1 // the file of the one object
	for _, f := range files {
		var kept []Object
		for _, o := range f.Objects {
			if o.Kind != kind || !ofService(f) {
				kept = append(kept, o)
				continue
			}
			if at < 0 {
				at = len(out)
				out = append(out, File{path.Join(path.Dir(f.Path), "services.yaml"), []Object{o}})
			}
			merge(&out[at].Objects[0], o)
		}
		if len(kept) > 0 {
			out = append(out, File{f.Path, kept})
		}
	}
	if at >= 0 {
		one := &out[at].Objects[0]
		one.Text = strings.Replace(one.Text, "\n  name: "+one.Name+"\n", "\n  name: "+Namespace+"-services\n", 1)
		one.Name = Namespace + "-services"
	}
	return out
}

// Names are the layouts' names, in their order.
func Names() []string {
	var names []string
	for _, l := range Layouts {
		names = append(names, l.Name)
	}
	return names
}
