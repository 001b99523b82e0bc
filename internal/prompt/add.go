package prompt

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/spec"
)

// ServicePreset holds what the flags of `kgen add service` say. A field that
// is set is not asked for; a slice that is empty but not nil says "none".
type ServicePreset struct {
	Service  spec.Service
	CalledBy []string // names of services of the model
}

// Addition is what AddService was told.
type Addition struct {
	Service  *spec.Service
	CalledBy []string // names of services of the model
	Warnings diag.List
}

// AddService asks for one more service of n, which is valid and not changed.
//
// The order is fixed: Name, Ports, (with a front door) Public? and Hosts,
// Metrics, (where something carries one) Canary and Stable version, What does
// it call?, Who calls it?, Calls outside the cluster. Errors are those of Init.
func AddService(ctx context.Context, ask Asker, n *spec.Network, preset ServicePreset) (*Addition, error) {
	s := &session{ctx: ctx, ask: ask}
	svc, calledBy := preset.Service, preset.CalledBy
	trial := &addition{n: n}
	if err := trial.check(&svc, calledBy, svc.Ports == nil); err != nil {
		return nil, err
	}
	i := len(n.Spec.Services)
	at := place{fmt.Sprintf("services[%d]", i), "--"}
	if svc.Name == "" {
		var err error
		q := Text{Message: "Name of the new service", Help: "Lower-case letters, digits and hyphens; the name of its Kubernetes Service."}
		svc.Name, err = text(s, place{at.key + ".name", "the name: kgen add service NAME"}, q, func(name string) (string, error) {
			return name, newName(name, n.Spec.Services)
		})
		if err != nil {
			return nil, err
		}
		if svc.Name == "" {
			return nil, s.missing.Err()
		}
	}
	if err := s.describe(added(n, svc, nil), i, &svc, at); err != nil {
		return nil, err
	}
	if err := s.calls(&svc, n.Spec.Services); err != nil {
		return nil, err
	}
	if calledBy == nil && len(svc.Ports) > 0 && i > 0 {
		var err error
		if calledBy, err = s.callers(&svc, n.Spec.Services); err != nil {
			return nil, err
		}
	}
	if err := s.egress(&svc, at, trials(added(n, svc, nil), i, &svc)); err != nil {
		return nil, err
	}
	if err := s.done(); err != nil {
		return nil, err
	}
	if err := trial.check(&svc, calledBy, false); err != nil {
		return nil, err
	}
	svc = settled(svc)
	return &Addition{&svc, calledBy, s.warnings}, nil
}

func (s *session) callers(svc *spec.Service, all []spec.Service) ([]string, error) {
	if s.nobody() {
		return nil, nil
	}
	q := Choice{
		Message: fmt.Sprintf("Who calls %s?", svc.Name), Many: true,
		Help: "Only the callers named here are let in.",
	}
	for _, other := range all {
		q.Options = append(q.Options, Option{Value: other.Name})
	}
	return s.ask.Choose(s.ctx, q)
}

// added is the model with one more service and the edges to it.
func added(n *spec.Network, svc spec.Service, calledBy []string) *spec.Network {
	out := *n
	out.Spec.Services = append(slices.Clone(n.Spec.Services), settled(svc))
	for i := range n.Spec.Services {
		caller := &out.Spec.Services[i]
		if slices.Contains(calledBy, caller.Name) {
			caller.Calls = append(slices.Clone(caller.Calls), spec.Call{Service: svc.Name})
		}
	}
	return &out
}

// addition judges a service as one more of n. What a flag has said is judged
// before the first question and after the last, and where no answer was added the
// second verdict is the first: the whole of n is not judged again.
type addition struct {
	n        *spec.Network
	judged   bool
	service  spec.Service
	calledBy []string
	found    diag.List
}

// errors are those of n with the service.
func (a *addition) errors(svc spec.Service, calledBy []string) diag.List {
	if !a.judged || !slices.Equal(a.calledBy, calledBy) || !reflect.DeepEqual(a.service, svc) {
		found := spec.Validate(added(a.n, svc, calledBy)).Errors()
		*a = addition{a.n, true, svc, calledBy, found}
	}
	return a.found
}

// check says what is wrong with the addition. While the service's ports are still
// to be asked for, so is what depends on them.
func (a *addition) check(svc *spec.Service, calledBy []string, portsPending bool) error {
	var wrong diag.List
	names := make([]string, len(a.n.Spec.Services))
	for i := range names {
		names[i] = a.n.Spec.Services[i].Name
	}
	for _, name := range calledBy {
		if !slices.Contains(names, name) {
			fix := "name a service of kgen.yaml"
			if near := diag.Nearest(name, names); near != "" {
				fix = fmt.Sprintf("did you mean %s? Otherwise %s", near, fix)
			}
			wrong.Errorf("--called-by", "undeclared", fix, "there is no service %q", name)
		}
	}
	if portsPending {
		calledBy = nil
	}
	for _, d := range a.errors(*svc, calledBy) {
		pending := portsPending && d.Code == "contradiction" || svc.Name == "" && d.Path == fmt.Sprintf("services[%d].name", len(names))
		if !pending {
			wrong = append(wrong, d)
		}
	}
	return wrong.Err()
}
