package prompt

import (
	"kgen.dev/kgen/internal/spec"
)

// otherClass is the entry of the list behind which a class is typed in.
const otherClass = "other"

// defaultIssuer is what cert-manager's own documentation calls its ClusterIssuer.
const defaultIssuer = "letsencrypt-prod"

// platform asks what the application runs on.
func (s *session) platform(p *Preset) (err error) {
	if p.Mesh == nil {
		word, err := s.one(Choice{
			Message: "Service mesh", Default: []string{string(spec.NoMesh)},
			Help: "A mesh encrypts and authorizes calls between services, splits traffic by weight and measures requests.",
			Options: []Option{
				{string(spec.NoMesh), "NetworkPolicies alone"},
				{string(spec.Sidecar), "Istio, a proxy in every pod"},
				{string(spec.Ambient), "Istio, a ztunnel on every node"},
			},
		})
		if err != nil {
			return err
		}
		mesh, err := spec.ParseMeshFlag(word)
		if err != nil {
			return err
		}
		p.Mesh = &mesh
	}
	if p.Domain == "" {
		q := Text{
			Message: "Domain of public hosts", Optional: true,
			Help: "A public service gets <service>.<domain> unless it names its hosts. Leave it empty if nothing is public, or if every public service names its hosts.",
		}
		if p.Domain, err = text(s, place{"domain", "--domain DOMAIN"}, q, checked(spec.CheckHost)); err != nil {
			return err
		}
	}
	if !p.frontDoor() {
		if len(p.Services) > 0 {
			return nil
		}
		public, err := s.ask.Confirm(s.ctx, YesNo{
			Message: "Is anything served to the outside?",
			Help:    "Say yes if the front door serves any service. Without a domain, each public service is asked for its hosts by their full names.",
		})
		if err != nil || !public {
			return err
		}
	}
	for _, step := range []func(*Preset) error{s.api, s.class, s.controller, s.certificates} {
		if err := step(p); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) api(p *Preset) error {
	if p.API != "" {
		return nil
	}
	preferred := spec.GatewayAPI
	if class, known := spec.ClassOf(p.Class); known && !class.Gateway {
		preferred = spec.IngressResource
	}
	word, err := s.one(Choice{
		Message: "Front door API", Default: []string{string(preferred)},
		Help: "How hosts are served: by HTTPRoutes on a Gateway, or by Ingress resources.",
		Options: []Option{
			{string(spec.GatewayAPI), "Gateway API; splits traffic by weight"},
			{string(spec.IngressResource), "Ingress"},
		},
	})
	p.API = spec.IngressAPI(word)
	return err
}

func (s *session) class(p *Preset) error {
	if p.Class != "" {
		return nil
	}
	// The model knows which class it would take for this mesh and API.
	preferred := Build(*p).WithDefaults().Spec.Ingress.Class
	q := Choice{
		Message: "Class", Default: []string{preferred},
		Help: "The gatewayClassName or ingressClassName. It also says from where exposed pods are reached.",
	}
	for _, name := range spec.ClassNames(p.API) {
		q.Options = append(q.Options, Option{Value: name})
	}
	q.Options = append(q.Options, Option{otherClass, "any other name"})
	var err error
	if p.Class, err = s.one(q); err != nil || p.Class != otherClass {
		return err
	}
	p.Class, err = text(s, place{"ingress.class", "--class NAME"}, Text{
		Message: "Name of the class", Help: "The name of a GatewayClass or IngressClass of the cluster, as kubectl get gatewayclass,ingressclass lists them.",
	}, checked(spec.CheckSubdomain))
	return err
}

// controller asks who may reach exposed pods, where the class does not say.
func (s *session) controller(p *Preset) error {
	if _, known := spec.ClassOf(p.Class); known || p.Controller != nil || p.Class == "" {
		return nil
	}
	c, err := text(s, place{"ingress.controller", "--controller " + spec.ControllerForm}, Text{
		Message: "Proxies of class " + p.Class,
		Help:    "Who may reach exposed pods: " + spec.ControllerForm + ", such as kong,app.kubernetes.io/name=gateway.",
	}, spec.ParseControllerFlag)
	if err == nil && (c.Namespace != "" || c.IPBlocks != nil) {
		p.Controller = &c
	}
	return err
}

func (s *session) certificates(p *Preset) error {
	if p.TLS != nil {
		return nil
	}
	tls, err := text(s, place{"ingress.tls", "--issuer NAME"}, Text{
		Message: "Certificates", Default: defaultIssuer,
		Help: "A cert-manager ClusterIssuer by name, issuer/NAME for an Issuer, secret/NAME for an existing TLS Secret, or insecure for plain HTTP.",
	}, spec.ParseIssuerFlag)
	p.TLS = &tls
	return err
}
