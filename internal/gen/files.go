package gen

import (
	"path"
	"slices"
)

// A folder is one kustomization: the files of the whole application first, then
// one file for each service that has something to say there.
type folder struct {
	dir      string
	files    []appFile
	services []serviceFile
}

// An appFile is made at most once.
type appFile struct {
	name     string
	template string
	when     func(*App) bool
	data     func(*App) any
}

// A serviceFile is made for each service that it concerns.
type serviceFile struct {
	template string
	when     func(*Service) bool
	data     func(*Service) any
}

func always(*App) bool       { return true }
func app(a *App) any         { return a }
func everyone(*Service) bool { return true }
func service(s *Service) any { return s }

const (
	policyTemplate   = "networking/network-policies/_policy.yaml.tmpl"
	monitorsTemplate = "monitoring/network-metrics/_monitors.yaml.tmpl"
	rulesTemplate    = "monitoring/alerts/_rules.yaml.tmpl"
)

// folders is the tree, read aloud: in which folder stands which file, made by
// which template, and when.
//
// The Namespace has a folder of its own, because kustomize lets an environment
// name folders elsewhere, and no files.
var folders = []folder{
	{"networking/namespace", []appFile{
		{"namespace.yaml", "networking/namespace/namespace.yaml.tmpl", always, app},
	}, nil},
	{"networking/services", nil, []serviceFile{
		{"networking/services/service.yaml.tmpl", (*Service).HasService, service},
	}},
	{"networking/network-policies", []appFile{
		{"default-deny.yaml", "networking/network-policies/default-deny.yaml.tmpl", always, app},
		{"allow-dns.yaml", policyTemplate, always, func(a *App) any { return a.DNSPolicy() }},
		{"allow-mesh.yaml", policyTemplate, (*App).Meshed, func(a *App) any { return a.MeshPolicy() }},
		{"waypoint.yaml", policyTemplate, (*App).Waypoint, func(a *App) any { return a.WaypointPolicy() }},
		{"gateway.yaml", policyTemplate, (*App).GatewayHere, func(a *App) any { return a.GatewayPolicy() }},
		{"allow-acme-solver.yaml", "networking/network-policies/allow-acme-solver.yaml.tmpl", (*App).Issued, app},
	}, []serviceFile{
		{"networking/network-policies/service.yaml.tmpl", everyone, service},
	}},
	{"networking/service-mesh", []appFile{
		{"peer-authentication.yaml", "networking/service-mesh/peer-authentication.yaml.tmpl", (*App).Meshed, app},
		{"authorization-policy.yaml", "networking/service-mesh/authorization-policy.yaml.tmpl", (*App).Meshed, app},
		{"waypoint.yaml", "networking/service-mesh/waypoint.yaml.tmpl", (*App).Waypoint, app},
		{"egress.yaml", "networking/service-mesh/egress.yaml.tmpl", (*App).HasExternals, app},
	}, []serviceFile{
		{"networking/service-mesh/service.yaml.tmpl", (*Service).InMesh, service},
	}},
	{"networking/ingress", []appFile{
		{"gateway.yaml", "networking/ingress/gateway.yaml.tmpl", (*App).UsesGateway, app},
		{"redirect-https.yaml", "networking/ingress/redirect-https.yaml.tmpl", (*App).RedirectObject, app},
	}, []serviceFile{
		{"networking/ingress/service.yaml.tmpl", (*Service).Exposed, service},
	}},
	{"monitoring/network-metrics", []appFile{
		{"rbac.yaml", "monitoring/network-metrics/rbac.yaml.tmpl", always, app},
		{"mesh.yaml", monitorsTemplate, (*App).Meshed, func(a *App) any { return a.MeshMonitors() }},
		{"front-door.yaml", monitorsTemplate, (*App).ScrapesDoor, func(a *App) any { return []Monitor{a.DoorMonitor()} }},
		{"cert-manager.yaml", monitorsTemplate, (*App).Issued, func(a *App) any { return []Monitor{a.CertManagerMonitor()} }},
		{"recording-rules.yaml", "monitoring/network-metrics/recording-rules.yaml.tmpl", (*App).HasRecordings, app},
		{"services.yaml", monitorsTemplate, (*App).ScrapesServices, func(a *App) any { return a.ServiceMonitors() }},
	}, []serviceFile{
		{monitorsTemplate, (*Service).ScrapedByPod, func(s *Service) any { return []Monitor{s.PodMonitor()} }},
	}},
	{"monitoring/alerts", []appFile{
		{"platform.yaml", rulesTemplate, always, func(a *App) any { return a.platformRules() }},
	}, []serviceFile{
		{rulesTemplate, (*Service).Watched, func(s *Service) any { return s.rules() }},
	}},
}

// halves are the kustomizations that gather folders, so that each half can be
// built and delivered by itself. The root lists the folders and not the halves:
// kustomize adds every object to a list, and compares it with all that are in it,
// once more for each level.
var halves = []string{"networking", "monitoring"}

// Half reports whether a folder at the top of a tree is a half of it: one whose
// kustomization builds folders that the root lists itself.
func Half(dir string) bool { return slices.Contains(halves, dir) }

// guides are the files for people.
var guides = []appFile{
	{"README.md", "README.md.tmpl", always, app},
	{"monitoring/alerts/README.md", "monitoring/alerts/README.md.tmpl", always, app},
}

// checks are the files for whoever runs the checks. They stand at the top of the
// repository, where their readers look, in no kustomization and no environment.
//
// What they run is the same for every model: names of environments, branches and
// the like are read where it runs, so that none of them is ever part of a script.
var checks = []appFile{
	{".github/workflows/kgen.yaml", ".github/workflows/kgen.yaml.tmpl", (*App).GitHub, app},
	{".gitlab/kgen.gitlab-ci.yml", ".gitlab/kgen.gitlab-ci.yml.tmpl", (*App).GitLab, app},
	{".pre-commit-config.yaml", ".pre-commit-config.yaml.tmpl", (*App).Checked, app},
}

const (
	kustomizationFile     = "kustomization.yaml"
	kustomizationTemplate = "_kustomization.yaml.tmpl"

	overlayTemplate = "environments/kustomization.yaml.tmpl"
	patchTemplate   = "environments/patch.yaml.tmpl"
	removalTemplate = "environments/removal.yaml.tmpl"
	extraTemplate   = "environments/resource.yaml.tmpl"
)

// Kustomization lists what one folder builds. Whole is that nothing is above it,
// and Half that the one above lists what it lists.
type Kustomization struct {
	Resources   []string
	Whole, Half bool
}

// Rules is one PrometheusRule of alerts.
type Rules struct {
	Name   string
	App    *App
	alerts func() []Alert
}

// Alerts are made where they are printed, by several workers at once.
func (r Rules) Alerts() []Alert { return r.alerts() }

func (s *Service) rules() Rules { return Rules{s.App.Name + "-" + s.Stem, s.App, s.Alerts} }
func (a *App) platformRules() Rules {
	return Rules{a.Name + "-platform", a, a.PlatformAlerts}
}

// InMesh reports whether the mesh has anything to know of the service.
func (s *Service) InMesh() bool {
	return s.App.Meshed() && (len(s.DestinationRules())+len(s.AuthorizationPolicies())+len(s.Routes())+len(s.PeerAuthentications()) > 0 || s.Flagger())
}

// HasExternals reports whether services call hosts outside the cluster through the mesh.
func (a *App) HasExternals() bool { return len(a.Externals()) > 0 }

// RedirectObject reports whether the front door's redirect is an object of its own.
func (a *App) RedirectObject() bool { return a.RedirectMiddleware() || a.FrontendConfig() }

// layout is every file of one tree, each kustomization with exactly the files
// that are made beside it, and the folders that the outermost of them builds.
type layout struct {
	outputs []output
	top     []string
}

// plan lays the application's manifests out in the folder at. What is to be left
// out is named in no kustomization either.
func plan(a *App, at string, without func(string) bool) layout {
	var l layout
	kustomize := func(dir string, k Kustomization) bool {
		file := path.Join(at, dir, kustomizationFile)
		if len(k.Resources) == 0 || without(file) {
			return false
		}
		l.outputs = append(l.outputs, output{file, kustomizationTemplate, k})
		return true
	}
	half := map[string][]string{}
	for _, f := range folders {
		var names []string
		add := func(name, template string, data any) {
			if file := path.Join(at, f.dir, name); !without(file) {
				l.outputs = append(l.outputs, output{file, template, data})
				names = append(names, name)
			}
		}
		for _, file := range f.files {
			if file.when(a) {
				add(file.name, file.template, file.data(a))
			}
		}
		for _, s := range a.Services {
			if a.settled.holds(s) {
				if a.settled.Exists(path.Join(at, f.dir, s.Stem+".yaml")) {
					names = append(names, s.Stem+".yaml")
				}
				continue
			}
			for _, file := range f.services {
				if file.when(s) {
					add(s.Stem+".yaml", file.template, file.data(s))
				}
			}
		}
		if kustomize(f.dir, Kustomization{Resources: names}) {
			l.top = append(l.top, f.dir)
			half[path.Dir(f.dir)] = append(half[path.Dir(f.dir)], path.Base(f.dir))
		}
	}
	for _, dir := range halves {
		kustomize(dir, Kustomization{Resources: half[dir], Half: true})
	}
	kustomize(".", Kustomization{Resources: l.top, Whole: true})
	return l
}

// built are the manifests in the folders that the outermost kustomization builds,
// of a tree that stands at the top.
func (l layout) built() []output {
	listed := map[string]bool{}
	for _, dir := range l.top {
		listed[dir] = true
	}
	var out []output
	for _, o := range l.outputs {
		if path.Base(o.path) != kustomizationFile && listed[path.Dir(o.path)] {
			out = append(out, o)
		}
	}
	return out
}

// planGuides lists the files for people, and for whoever runs the checks.
func planGuides(a *App, without func(string) bool) []output {
	var out []output
	for _, file := range slices.Concat(guides, checks) {
		if file.when(a) && !without(file.name) {
			out = append(out, output{file.name, file.template, file.data(a)})
		}
	}
	return out
}
