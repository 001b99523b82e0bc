package prompt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// Init asks for what the preset does not answer and makes the model of it.
// The order is fixed, so that answers can be piped in, one a line:
//
//  1. Application name
//  2. Namespace
//  3. Service mesh
//  4. Domain of public hosts; empty if there is none
//  5. without a domain or a flag of the front door: Is anything served to the
//     outside?
//  6. with any of these: Front door API, Class, (of a class that nothing is
//     known of) its Proxies, Certificates
//  7. service after service: Name, Ports, (if a host could lead to it) Public?
//     and Hosts, Metrics, (if anything could carry one) Canary and Stable
//     version, Another service?
//  8. for each service, where there are others with ports: What does it call?
//  9. for each service: Calls outside the cluster
//
// Services that come with the preset are complete: where no word was said of
// their ports, 7 asks for these alone, and 5, 8 and 9 are left out. So is any
// question that the preset answers, or to which the model would take no answer.
//
// The list holds warnings. The errors are ErrInterrupted, an answer that will
// not do or that was not asked for, or a diag.List of everything that is missing
// or contradicts itself.
func Init(ctx context.Context, ask Asker, preset Preset) (*spec.Network, diag.List, error) {
	if err := preset.check(); err != nil {
		return nil, nil, err
	}
	s := &session{ctx: ctx, ask: ask}
	for _, step := range []func(*Preset) error{s.application, s.platform, s.services} {
		if err := step(&preset); err != nil {
			return nil, nil, err
		}
	}
	if err := s.done(); err != nil {
		return nil, nil, err
	}
	n := Build(preset)
	if err := spec.Validate(n).Err(); err != nil {
		return nil, nil, err
	}
	return n, s.warnings, nil
}

// check validates what flags gave before anybody is asked about the rest. What
// depends on an answer that is still to come is left to the end.
func (p *Preset) check() error {
	n := Build(*p)
	ports := pendingPorts(p.Services)
	var wrong diag.List
	for _, d := range spec.Validate(n).Errors() {
		pending := d.Code == "missing" || strings.HasSuffix(d.Path, ".canary") ||
			d.Path == "ingress.class" && p.API == "" ||
			d.Path == "metadata.name" && p.Name == "" ||
			ports(d)
		if !pending {
			wrong = append(wrong, d)
		}
	}
	return wrong.Err()
}

// pendingPorts tells which findings the ports that are still to be asked for
// may settle: contradictions within such a service, and calls to it.
func pendingPorts(services []spec.Service) func(diag.Diagnostic) bool {
	var within []string
	calls := map[string]bool{}
	for i := range services {
		path := fmt.Sprintf("services[%d].", i)
		if services[i].Ports == nil {
			within = append(within, path)
		}
		for j, c := range services[i].Calls {
			k := slices.IndexFunc(services, func(o spec.Service) bool { return o.Name == c.Service })
			if k >= 0 && services[k].Ports == nil && c.Namespace == "" {
				calls[fmt.Sprintf("%scalls[%d]", path, j)] = true
			}
		}
	}
	return func(d diag.Diagnostic) bool {
		return d.Code == "undeclared" && calls[d.Path] ||
			d.Code == "contradiction" && slices.ContainsFunc(within, func(path string) bool { return strings.HasPrefix(d.Path, path) })
	}
}

func (s *session) application(p *Preset) (err error) {
	if p.Name == "" {
		q := Text{Message: "Application name", Help: "Lower-case letters, digits and hyphens. Objects that belong to no single service carry it."}
		if spec.CheckName(p.Folder) == nil {
			q.Default = p.Folder
		}
		if p.Name, err = text(s, place{"metadata.name", "--name NAME"}, q, checked(spec.CheckName)); err != nil {
			return err
		}
	}
	if p.Namespace == "" {
		q := Text{
			Message: "Namespace", Default: p.Name, Optional: p.Name == "",
			Help: "The Kubernetes namespace of all the services.",
		}
		if p.Namespace, err = text(s, place{"namespace", "--namespace NAME"}, q, checked(spec.CheckName)); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) services(p *Preset) error {
	if len(p.Services) > 0 {
		return s.openPorts(p)
	}
	for more := true; more; {
		i := len(p.Services)
		q := Text{Message: "Name of the first service", Help: "Lower-case letters, digits and hyphens; the name of its Kubernetes Service."}
		if i > 0 {
			q.Message = fmt.Sprintf("Name of service %d", i+1)
		}
		name, err := text(s, place{fmt.Sprintf("services[%d].name", i), "--service " + spec.ServiceForm}, q, func(name string) (string, error) {
			return name, newName(name, p.Services)
		})
		if err != nil || name == "" {
			return err
		}
		p.Services = append(p.Services, spec.Service{Name: name})
		if err := s.describe(Build(*p), i, &p.Services[i], servicePlace(i, name)); err != nil {
			return err
		}
		if more, err = s.ask.Confirm(s.ctx, YesNo{
			Message: "Another service?",
			Help:    "Who calls whom is asked once all services are named. kgen add service adds one later.",
		}); err != nil {
			return err
		}
	}
	for i := range p.Services {
		if err := s.calls(&p.Services[i], p.Services); err != nil {
			return err
		}
	}
	for i := range p.Services {
		svc := &p.Services[i]
		if err := s.egress(svc, servicePlace(i, svc.Name), trials(Build(*p), i, svc)); err != nil {
			return err
		}
	}
	return nil
}

// openPorts asks for the ports of which --service says nothing, not even that
// there are none.
func (s *session) openPorts(p *Preset) error {
	for i := range p.Services {
		svc := &p.Services[i]
		with := trials(Build(*p), i, svc)
		// Its callees may be waiting for their ports, too.
		uncalling := func(change func(*spec.Service)) error {
			return with(func(t *spec.Service) { change(t); t.Calls = nil })
		}
		if err := s.ports(svc, servicePlace(i, svc.Name), uncalling); err != nil {
			return err
		}
	}
	return nil
}

// servicePlace is where the answers about a service of init belong.
func servicePlace(i int, name string) place {
	return place{fmt.Sprintf("services[%d]", i), "--service " + name + ","}
}

// newName says why a service cannot be called that beside the others.
func newName(name string, others []spec.Service) error {
	if err := spec.CheckName(name); err != nil {
		return err
	}
	if slices.ContainsFunc(others, func(o spec.Service) bool { return o.Name == name }) {
		return fmt.Errorf("there is a service %q already", name)
	}
	return nil
}
