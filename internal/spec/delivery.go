package spec

import (
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
)

// DeliveryTool names a GitOps engine.
type DeliveryTool string

const (
	ArgoCD DeliveryTool = "argocd"
	Flux   DeliveryTool = "flux"
)

// Delivery says how the files reach the clusters: from this repository, by a GitOps engine that watches it.
type Delivery struct {
	// The engine: argocd or flux.
	Tool DeliveryTool `yaml:"tool" jsonschema:"required,enum=argocd,enum=flux"`
	// Where the engine reads this repository: https://…, ssh://… or, for Argo CD, git@host:path.
	Repository string `yaml:"repository" jsonschema:"required"`
	// The branch that is delivered, or a whole reference such as refs/tags/v1. Default: main.
	Revision string `yaml:"revision"`
	// The folder in the repository where this kgen.yaml stands. Default: its root.
	Path string `yaml:"path"`
	// The namespace of the engine's own objects. Default: argocd, or flux-system.
	Namespace string `yaml:"namespace"`
	// Argo CD's project. Default: default.
	Project string `yaml:"project"`
	// The Secret in that namespace with which Flux reads the repository. Default: none is needed. (Argo CD keeps its own.)
	SecretName string `yaml:"secretName"`
	// The clusters, each with what it runs. Default, where there are no environments: the engine's own.
	Clusters []Cluster `yaml:"clusters"`
}

// Cluster is one cluster and what runs there.
type Cluster struct {
	// A DNS-1123 label, unique in the file; with argocd and without server, the name by which Argo CD knows the cluster.
	Name string `yaml:"name" jsonschema:"required,minLength=1,maxLength=63"`
	// The URL of its API server, as Argo CD knows it. Default: it is known by name.
	Server string `yaml:"server"`
	// The Secret with its kubeconfig, in Flux's namespace. Default: the cluster on which Flux runs.
	KubeConfig string `yaml:"kubeConfig"`
	// The environments that run there; needed where the file has environments.
	Environments []string `yaml:"environments"`
}

// InCluster is the name by which Argo CD knows the cluster on which it runs.
const InCluster = "in-cluster"

func (d *Delivery) withDefaults() *Delivery {
	if d == nil {
		return nil
	}
	out := *d
	def(&out.Revision, "main")
	if out.Path = path.Clean(out.Path); out.Path == "." {
		out.Path = ""
	}
	switch out.Tool {
	case ArgoCD:
		def(&out.Namespace, "argocd")
		def(&out.Project, "default")
	case Flux:
		def(&out.Namespace, "flux-system")
	}
	if len(out.Clusters) == 0 {
		out.Clusters = []Cluster{{Name: InCluster}}
	}
	return &out
}

// sshShort is the form of a repository's address that is no URL.
var sshShort = regexp.MustCompile(`^[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s:]+$`)

// revisionForm is what a branch or reference may look like (git-check-ref-format).
var revisionForm = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/@+-]*$`)

func (v *validator) delivery() {
	raw := v.raw.Spec.Delivery
	if raw == nil {
		return
	}
	d := v.n.Spec.Delivery
	if raw.Tool == "" {
		v.errorf("delivery.tool", "missing", "write argocd or flux", "nothing says which engine delivers")
	}
	enum(v, top("delivery.tool"), raw.Tool, ArgoCD, Flux)
	v.repository(d)
	if !revisionForm.MatchString(d.Revision) || strings.Contains(d.Revision, "..") || strings.HasSuffix(d.Revision, "/") || strings.HasSuffix(d.Revision, ".lock") {
		v.errorf("delivery.revision", "bad-value", "write a branch such as main", "%q is no name that git gives", d.Revision)
	}
	if raw.Path != "" && (path.IsAbs(raw.Path) || d.Path == ".." || strings.HasPrefix(d.Path, "../") || strings.ContainsAny(raw.Path, "\\{}\x00\n\r\t")) {
		v.errorf("delivery.path", "bad-value", "write a folder below the repository's root, such as apps/shop", "%q is none", raw.Path)
	}
	v.optional(top("delivery.namespace"), raw.Namespace, "", CheckName)
	v.optional(top("delivery.project"), raw.Project, "", CheckSubdomain)
	v.optional(top("delivery.secretName"), raw.SecretName, "", CheckSubdomain)
	if raw.Project != "" && d.Tool == Flux {
		v.list.Warnf("delivery.project", "no-effect", "remove it", "Flux knows no projects")
	}
	if raw.SecretName != "" && d.Tool == ArgoCD {
		v.list.Warnf("delivery.secretName", "no-effect", "remove it; kubectl -n "+d.Namespace+" get secrets -l argocd.argoproj.io/secret-type=repository shows them", "Argo CD keeps its repositories' credentials itself")
	}
	v.clusters(d)
}

func (v *validator) repository(d *Delivery) {
	const fix = "write one such as https://git.example.com/shop/network.git"
	u, err := url.Parse(d.Repository)
	switch {
	case d.Repository == "":
		v.errorf("delivery.repository", "missing", fix, "nothing says where the repository is")
	case d.Tool != Flux && sshShort.MatchString(d.Repository):
	case sshShort.MatchString(d.Repository):
		user, rest, _ := strings.Cut(d.Repository, "@")
		v.errorf("delivery.repository", "bad-value", "write ssh://"+user+"@"+strings.Replace(rest, ":", "/", 1), "Flux reads no address of the form %q", d.Repository)
	case err != nil || u.Host == "" || !slices.Contains([]string{"https", "http", "ssh"}, u.Scheme) || strings.ContainsAny(d.Repository, "{}\"'`<> \\"):
		v.errorf("delivery.repository", "bad-value", fix, "%q is no https or ssh URL", d.Repository)
	case u.User != nil && (u.Scheme != "ssh" || hasPassword(u)):
		v.errorf("delivery.repository", "bad-value", "keep credentials in a Secret of the engine's", "the address holds credentials, which everybody could read here")
	}
}

func hasPassword(u *url.URL) bool {
	_, has := u.User.Password()
	return has
}

// clusters checks what runs where. Two environments on one cluster need
// namespaces and application names of their own: else one's objects would be the
// other's.
func (v *validator) clusters(d *Delivery) {
	environments := map[string]*Environment{}
	var known []string
	for i := range v.raw.Spec.Environments {
		e := &v.raw.Spec.Environments[i]
		environments[e.Name] = e
		known = append(known, e.Name)
	}
	if len(v.raw.Spec.Delivery.Clusters) == 0 {
		if len(known) > 0 {
			v.errorf("delivery.clusters", "missing", "add clusters: [{name: …, environments: ["+known[0]+"]}]", "nothing says which environment runs where")
		}
		return
	}
	names := map[string]bool{}
	objects := map[string]string{} // the engine's objects, and what each delivers
	var bare []string              // the clusters that are Flux's own
	served := map[string]bool{}
	for i, c := range d.Clusters {
		at := fmt.Sprintf("delivery.clusters[%d]", i)
		v.check(top(at+".name"), "", CheckName(c.Name))
		if names[c.Name] {
			v.errorf(at+".name", "duplicate", "rename it, or merge the two", "cluster %q is already described above", c.Name)
		}
		names[c.Name] = true
		v.reach(at, d, c, &bare)
		if len(known) == 0 {
			if len(c.Environments) > 0 {
				v.errorf(at+".environments", "undeclared", "remove it, or describe environments below spec", "the file has no environments")
			}
			if object := DeliveredAs(v.n.Metadata.Name, c.Name, ""); len(object) > 63 {
				v.errorf(at+".name", "bad-value", "shorten it", "%q, as which the application is delivered there, has %d characters, more than 63", object, len(object))
			}
			continue
		}
		if len(c.Environments) == 0 {
			v.errorf(at+".environments", "missing", "name at least one of "+strings.Join(known, ", "), "nothing says what runs on %s", c.Name)
		}
		v.together(at, c, environments, known)
		for j, e := range c.Environments {
			served[e] = true
			place, what := fmt.Sprintf("%s.environments[%d]", at, j), e+" on "+c.Name
			object := DeliveredAs(v.n.Metadata.Name, c.Name, e)
			if other, taken := objects[object]; taken && other != what {
				v.errorf(place, "duplicate", "rename a cluster", "%s and %s would both be delivered as %s", other, what, object)
			}
			if objects[object] = what; len(object) > 63 {
				v.errorf(place, "bad-value", "shorten one of the names in it", "%q, as which it is delivered, has %d characters, more than 63", object, len(object))
			}
		}
	}
	for i, e := range known {
		if !served[e] {
			v.list.Warnf(fmt.Sprintf("environments[%d]", i), "undelivered", "name it in the environments of a cluster of delivery", "no cluster runs %s", e)
		}
	}
}

// DeliveredAs names the engine's object that brings an environment, or without
// environments the application itself, to a cluster.
func DeliveredAs(application, cluster, environment string) string {
	switch {
	case environment != "":
		return application + "-" + cluster + "-" + environment
	case cluster == InCluster:
		return application
	}
	return application + "-" + cluster
}

// reach checks how the engine gets at a cluster.
func (v *validator) reach(at string, d *Delivery, c Cluster, bare *[]string) {
	v.optional(top(at+".kubeConfig"), c.KubeConfig, "", CheckSubdomain)
	if u, err := url.Parse(c.Server); c.Server != "" && (err != nil || u.Host == "" || u.Scheme != "https" || u.User != nil || strings.ContainsAny(c.Server, "{}\"'`<> \\")) {
		v.errorf(at+".server", "bad-value", "write one such as https://203.0.113.7:6443", "%q is no https URL", c.Server)
	}
	if d.Tool == Flux && c.Server != "" {
		v.errorf(at+".server", "contradiction", "put a kubeconfig into a Secret of namespace "+d.Namespace+" and name it in kubeConfig", "Flux reaches clusters by a kubeconfig")
	}
	if d.Tool == ArgoCD && c.KubeConfig != "" {
		v.errorf(at+".kubeConfig", "contradiction", "register the cluster with argocd cluster add, and name or server it here", "Argo CD keeps its clusters' credentials itself")
	}
	if d.Tool == Flux && c.KubeConfig == "" {
		if *bare = append(*bare, c.Name); len(*bare) > 1 {
			v.errorf(at+".kubeConfig", "missing", "name the Secret with its kubeconfig", "%s and %s would both be the cluster on which Flux runs", (*bare)[0], c.Name)
		}
	}
}

// together checks the environments of one cluster against each other.
func (v *validator) together(at string, c Cluster, environments map[string]*Environment, known []string) {
	namespaces, applications := map[string]string{}, map[string]string{}
	for i, name := range c.Environments {
		place := fmt.Sprintf("%s.environments[%d]", at, i)
		e := environments[name]
		if e == nil {
			fix := "it has " + strings.Join(known, ", ")
			if near := diag.Nearest(name, known); near != "" {
				fix = "did you mean " + near + "?"
			}
			v.errorf(place, "undeclared", fix, "the file has no environment %q", name)
			continue
		}
		if slices.Index(c.Environments, name) < i {
			v.errorf(place, "duplicate", "remove one", "%s is listed twice", name)
			continue
		}
		there := v.raw.in(e)
		if other, taken := namespaces[there.Spec.Namespace]; taken {
			v.errorf(place, "duplicate", "give one of them another namespace, or another cluster", "%s and %s would share namespace %s on %s", other, name, there.Spec.Namespace, c.Name)
		} else if other, taken := applications[there.Metadata.Name]; taken {
			v.errorf(place, "duplicate", "give one of them another application, or another cluster",
				"%s and %s are both application %s on %s, whose objects outside its namespace would be each other's", other, name, there.Metadata.Name, c.Name)
		}
		namespaces[there.Spec.Namespace], applications[there.Metadata.Name] = name, name
	}
}
