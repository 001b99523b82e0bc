package prompt

import (
	"slices"

	"kgen.dev/kgen/internal/spec"
)

// Preset holds the answers of flags, and then those of the prompts: what is
// set is not asked for. Prompts, lines and flags all end here, and Build makes
// the model of it.
type Preset struct {
	// Folder is the name of the folder to be written: the default for Name.
	Folder string

	Name      string // --name
	Namespace string // --namespace
	Domain    string // --domain

	Mesh *spec.Mesh // --mesh, as spec.ParseMeshFlag reads it

	API        spec.IngressAPI  // --ingress
	Class      string           // --class
	Controller *spec.Controller // --controller, as spec.ParseControllerFlag reads it; needed where nothing is known of the class
	TLS        *spec.TLS        // --issuer, as spec.ParseIssuerFlag reads it: the zero TLS is insecure

	// Services are the --service flags, as spec.ParseServiceFlag reads them.
	// If there is any they are all of them, complete but for ports that are nil:
	// nothing else is asked about services.
	Services []spec.Service
}

// frontDoor reports whether hosts are to be served: a domain is there for
// nothing else, and a flag for the front door or an exposed service asks for one.
func (p *Preset) frontDoor() bool {
	if p.Domain != "" || p.API != "" || p.Class != "" || p.Controller != nil || p.TLS != nil {
		return true
	}
	for i := range p.Services {
		if p.Services[i].Exposed() {
			return true
		}
	}
	return false
}

// settled is a service without the difference between what was answered with
// none and what was not asked: the model knows only that there is none.
func settled(svc spec.Service) spec.Service {
	if len(svc.Ports) == 0 {
		svc.Ports = nil
	}
	return svc
}

// Build makes the model that the answers describe. It holds what was chosen,
// and leaves out what the model itself would add.
func Build(p Preset) *spec.Network {
	n := &spec.Network{APIVersion: spec.APIVersion, Kind: spec.Kind, Metadata: spec.Metadata{Name: p.Name}}
	if p.Namespace != p.Name {
		n.Spec.Namespace = p.Namespace
	}
	n.Spec.Domain = p.Domain
	if p.Mesh != nil && p.Mesh.Provider != spec.NoMesh {
		n.Spec.Mesh = *p.Mesh
	}
	if p.frontDoor() {
		in := &spec.Ingress{API: p.API, Class: p.Class, Controller: p.Controller}
		switch {
		case p.TLS == nil:
		case *p.TLS == spec.TLS{}:
			in.Insecure = true
		default:
			tls := *p.TLS
			in.TLS = &tls
		}
		n.Spec.Ingress = in
	}
	n.Spec.Services = slices.Clone(p.Services)
	for i := range n.Spec.Services {
		n.Spec.Services[i] = settled(n.Spec.Services[i])
	}
	return n
}
