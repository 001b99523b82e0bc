package gen

import (
	"path"
	"slices"
	"strings"
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
var folders = []folder{
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
	}, []serviceFile{
		{monitorsTemplate, func(s *Service) bool { return s.Metrics != nil }, func(s *Service) any { return []Monitor{s.Monitor()} }},
	}},
	{"monitoring/alerts", []appFile{
		{"platform.yaml", rulesTemplate, always, func(a *App) any { return a.platformRules() }},
	}, []serviceFile{
		{rulesTemplate, func(s *Service) bool { return len(s.Alerts) > 0 }, func(s *Service) any { return s.rules() }},
	}},
}

// parents are the kustomizations above the folders, innermost first, with the
// files of their own.
var parents = []folder{
	{"networking", []appFile{
		{"namespace.yaml", "networking/namespace.yaml.tmpl", always, app},
	}, nil},
	{"monitoring", nil, nil},
}

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

// Kustomization lists what one folder builds. Whole is that nothing is above it.
type Kustomization struct {
	Resources []string
	Whole     bool
}

// Rules is one PrometheusRule of alerts.
type Rules struct {
	Name   string
	Alerts []Alert
	App    *App
}

func (s *Service) rules() Rules { return Rules{s.App.Name + "-" + s.Stem, s.Alerts, s.App} }
func (a *App) platformRules() Rules {
	return Rules{a.Name + "-platform", a.PlatformAlerts(), a}
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
// that are made beside it, and with what the outermost of them builds.
type layout struct {
	outputs []output
	top     []string
}

// plan lays the application's manifests out in the folder at. What is to be left
// out is named in no kustomization either.
func plan(a *App, at string, without func(string) bool) layout {
	var l layout
	made := map[string][]string{} // folder -> its resources
	add := func(dir, name, template string, data any) {
		if file := path.Join(at, dir, name); !without(file) {
			l.outputs = append(l.outputs, output{file, template, data})
			made[dir] = append(made[dir], name)
		}
	}
	for _, f := range parents {
		for _, file := range f.files {
			if file.when(a) {
				add(f.dir, file.name, file.template, file.data(a))
			}
		}
	}
	for _, f := range folders {
		for _, file := range f.files {
			if file.when(a) {
				add(f.dir, file.name, file.template, file.data(a))
			}
		}
		for _, s := range a.Services {
			for _, file := range f.services {
				if file.when(s) {
					add(f.dir, s.Stem+".yaml", file.template, file.data(s))
				}
			}
		}
	}
	kustomize := func(dir string) {
		file := path.Join(at, dir, kustomizationFile)
		if len(made[dir]) == 0 || without(file) {
			return
		}
		l.outputs = append(l.outputs, output{file, kustomizationTemplate, Kustomization{made[dir], dir == "."}})
		if parent := path.Dir(dir); dir != "." {
			made[parent] = append(made[parent], strings.TrimPrefix(dir, parent+"/"))
		}
	}
	for _, f := range slices.Concat(folders, parents) {
		kustomize(f.dir)
	}
	kustomize(".")
	l.top = made["."]
	return l
}

// built are the manifests that some kustomization below the outermost builds.
func (l layout) built() []output {
	kustomized := map[string]bool{".": true}
	for _, o := range l.outputs {
		if path.Base(o.path) == kustomizationFile {
			kustomized[path.Dir(o.path)] = true
		}
	}
	var out []output
	for _, o := range l.outputs {
		reached := path.Base(o.path) != kustomizationFile
		for dir := path.Dir(o.path); reached && dir != "."; dir = path.Dir(dir) {
			reached = kustomized[dir]
		}
		if reached {
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
