package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/internal/spec"
)

// A haven is a cluster with its controllers, the node, and who is cabled to it.
type haven struct {
	c       *cluster.Cluster
	sailors []*sailor
	outside *host // clients of the load balancer
}

// Addresses outside of the cluster: a client of the range that the model lets in,
// one of none, and the load balancer's own.
const letIn, keptOut, balancer = "198.51.100.7", "192.0.2.9", "203.0.113.10"

// A storedService is a Service as the API server has it.
type storedService struct {
	Metadata struct{ Name string }
	Spec     struct {
		Type                     string
		ClusterIP                string
		ExternalTrafficPolicy    string
		LoadBalancerSourceRanges []string
		Ports                    []struct {
			Name, Protocol string
			Port, NodePort int
		}
	}
}

// An endpointSlicing is an EndpointSlice as its controller has made it.
type endpointSlicing struct {
	Metadata struct {
		Name   string
		Labels map[string]string
	}
	Endpoints []struct {
		Addresses  []string
		Conditions struct{ Ready, Serving, Terminating *bool }
		Hostname   string
		NodeName   string
		TargetRef  struct{ Kind, Namespace, Name string }
	}
	Ports []struct {
		Name, Protocol string
		Port           int
	}
}

// services are those of a namespace, by name.
func (h *haven) services(ctx context.Context, namespace string) (map[string]*storedService, error) {
	var list struct{ Items []*storedService }
	if err := h.c.List(ctx, "v1", "Service", namespace, &list); err != nil {
		return nil, err
	}
	out := map[string]*storedService{}
	for _, s := range list.Items {
		out[s.Metadata.Name] = s
	}
	return out, nil
}

// slices are the EndpointSlices of a namespace, by the Service that they are of.
func (h *haven) slices(ctx context.Context, namespace string) (map[string][]*endpointSlicing, error) {
	var list struct{ Items []*endpointSlicing }
	if err := h.c.List(ctx, "discovery.k8s.io/v1", "EndpointSlice", namespace, &list); err != nil {
		return nil, err
	}
	out := map[string][]*endpointSlicing{}
	for _, s := range list.Items {
		name := s.Metadata.Labels["kubernetes.io/service-name"]
		out[name] = append(out[name], s)
	}
	return out, nil
}

// endpoints judges the EndpointSlices of a namespace: together they hold what is
// expected and nothing else, each pod at its own address, and the right ones are
// ready.
func (h *haven) endpoints(ctx context.Context, namespace string, want []served, pods []*sailor) error {
	stored, err := h.services(ctx, namespace)
	if err != nil {
		return err
	}
	found, err := h.slices(ctx, namespace)
	if err != nil {
		return err
	}
	byName := map[string]*sailor{}
	for _, p := range pods {
		if p.namespace == namespace {
			byName[p.name] = p
		}
	}
	var expected, got []string
	for _, s := range want {
		for _, by := range strings.Fields(s.by) {
			name, port, _ := strings.Cut(by, ":")
			p := byName[name]
			if p == nil {
				return fmt.Errorf("%s of %s is no pod of %s", name, s.service, namespace)
			}
			line := fmt.Sprintf("%s %s %d/%s -> %s:%s at %s on %s", s.service, s.port, s.number, s.transport, name, port, p.address, p.node)
			if p.subdomain == s.service && p.subdomain != "" {
				line += " called " + name
			}
			if p.unready {
				line += ", not ready"
			}
			expected = append(expected, line)
		}
	}
	for service, all := range found {
		s := stored[service]
		if s == nil {
			continue // the Service is gone, and a collector of garbage would take its slices away
		}
		numbers := map[string]int{}
		for _, p := range s.Spec.Ports {
			numbers[p.Name] = p.Port
		}
		for _, slice := range all {
			for _, e := range slice.Endpoints {
				for _, p := range slice.Ports {
					line := fmt.Sprintf("%s %s %d/%s -> %s:%d at %s on %s", service, p.Name, numbers[p.Name], p.Protocol, e.TargetRef.Name, p.Port, strings.Join(e.Addresses, ","), e.NodeName)
					if e.Hostname != "" {
						line += " called " + e.Hostname
					}
					if e.Conditions.Ready == nil || !*e.Conditions.Ready {
						line += ", not ready"
					}
					got = append(got, line)
				}
			}
		}
	}
	if diff := apart(expected, got); diff != "" {
		return fmt.Errorf("endpoints of %s (-the model's +the controller's):\n%s", namespace, diff)
	}
	return nil
}

// apart are the lines that only one of two lists has, or has more often. None is
// left out, as cmp.Diff does with long lists: controls look for them.
func apart(want, got []string) string {
	count := map[string]int{}
	for _, line := range got {
		count[line]++
	}
	for _, line := range want {
		count[line]--
	}
	var out strings.Builder
	for _, line := range slices.Sorted(maps.Keys(count)) {
		for range count[line] {
			out.WriteString("+ " + line + "\n")
		}
		for range -count[line] {
			out.WriteString("- " + line + "\n")
		}
	}
	return out.String()
}

// kinds judges what kind of Service the API server has made of each: one has an
// address of its own or, headless, none, and none is open to the outside but a
// load balancer, and that as the model says.
func (h *haven) kinds(ctx context.Context, m *model) error {
	stored, err := h.services(ctx, m.network.Spec.Namespace)
	if err != nil {
		return err
	}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		wanted, ranges := spec.ClusterIP, []string(nil)
		if s := m.service(name); s != nil {
			wanted = s.Type
			if s.Type == spec.LoadBalancer {
				ranges = s.LoadBalancer.SourceRanges
			}
		}
		s := stored[name].Spec
		open := 0
		for _, p := range s.Ports {
			if p.NodePort != 0 {
				open++
			}
		}
		address, err := netip.ParseAddr(s.ClusterIP)
		has := err == nil && netip.MustParsePrefix("10.96.0.0/16").Contains(address)
		got := fmt.Sprintf("type %s, own address %t, policy %q, ranges %q, %d node ports", s.Type, has, s.ExternalTrafficPolicy, s.LoadBalancerSourceRanges, open)
		want := map[spec.ServiceType]string{
			spec.ClusterIP:    `type ClusterIP, own address true, policy "", ranges [], 0 node ports`,
			spec.Headless:     `type ClusterIP, own address false, policy "", ranges [], 0 node ports`,
			spec.LoadBalancer: fmt.Sprintf(`type LoadBalancer, own address true, policy "Local", ranges %q, %d node ports`, ranges, len(s.Ports)),
		}[wanted]
		if got != want || wanted == spec.Headless && s.ClusterIP != "None" {
			problems = append(problems, fmt.Errorf("Service %s/%s is %s with address %q, want %s", m.network.Spec.Namespace, name, got, s.ClusterIP, want))
		}
	}
	return errors.Join(problems...)
}

// at are the addresses at which a Service's port is to be had by who asks DNS for
// it: the Service's own or, of a headless one, those of its ready pods.
func (h *haven) at(ctx context.Context, namespace string, s served) ([]string, error) {
	stored, err := h.services(ctx, namespace)
	if err != nil {
		return nil, err
	}
	service := stored[s.service]
	if service == nil {
		return nil, fmt.Errorf("there is no Service %s", s.service)
	}
	if service.Spec.ClusterIP != "None" {
		return []string{net.JoinHostPort(service.Spec.ClusterIP, strconv.Itoa(s.number))}, nil
	}
	found, err := h.slices(ctx, namespace)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, slice := range found[s.service] {
		for _, p := range slice.Ports {
			for _, e := range slice.Endpoints {
				if p.Name == s.port && e.Conditions.Ready != nil && *e.Conditions.Ready {
					out = append(out, net.JoinHostPort(e.Addresses[0], strconv.Itoa(p.Port)))
				}
			}
		}
	}
	return out, nil
}

// ready are those who serve a port and are ready.
func (h *haven) ready(namespace string, s served) []string {
	var out []string
	for _, by := range strings.Fields(s.by) {
		name, _, _ := strings.Cut(by, ":")
		if !slices.ContainsFunc(h.sailors, func(p *sailor) bool { return p.namespace == namespace && p.name == name && p.unready }) {
			out = append(out, by)
		}
	}
	return out
}

// calls judges where calls from a pod end up: at each of the Services' ports all
// pods that are expected answer, and nobody else, and they see the pod's own
// address, but where it has come back to itself.
func (h *haven) calls(ctx context.Context, caller *sailor, namespace string, want []served) error {
	var problems []error
	for _, s := range want {
		addresses, err := h.at(ctx, namespace, s)
		if err == nil {
			err = meet(caller.host, caller.name, caller.address, addresses, s.transport, h.ready(namespace, s))
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%s %s %d/%s: %w", s.service, s.port, s.number, s.transport, err))
		}
	}
	return errors.Join(problems...)
}

// meet calls the addresses so often that one of the expected, or one stranger
// among them, is missed less than once in a million times: kube-proxy chooses at
// random.
func meet(from *host, self, address string, addresses []string, transport string, want []string) error {
	var met []string
	for _, to := range addresses {
		for range 24 * (len(want) + 1) {
			who, seen, err := from.ask(address, to, transport)
			if err != nil {
				return err
			}
			name, _, _ := strings.Cut(who, ":")
			if seen != address && name != self {
				return fmt.Errorf("%s takes its caller %s for %s", who, address, seen)
			}
			if !slices.Contains(met, who) {
				met = append(met, who)
			}
		}
	}
	slices.Sort(met)
	if !slices.Equal(met, want) {
		return fmt.Errorf("answers come from %q, want %q", met, want)
	}
	return nil
}

// admits judges that a client outside reaches the load balancer's ports, and is
// seen as who he is.
func (h *haven) admits(client string) error {
	var problems []error
	for _, s := range trackerFromOutside {
		to := net.JoinHostPort(balancer, strconv.Itoa(s.number))
		if err := meet(h.outside, "", client, []string{to}, s.transport, h.ready("harbour", s)); err != nil {
			problems = append(problems, fmt.Errorf("%s from %s: %w", s.port, client, err))
		}
	}
	return errors.Join(problems...)
}

// refuses judges that nothing of a client outside arrives at the load balancer's
// ports. Nobody tells him, so the judge does not wait: he goes first, another whom
// they let in comes after him and is answered by everybody, and by then the pods
// have heard nothing of the first and his connection has not come about.
func (h *haven) refuses(client, other string) error {
	var problems []error
	for _, s := range trackerFromOutside {
		h.heard(client) // from before
		to := net.JoinHostPort(balancer, strconv.Itoa(s.number))
		k, err := h.outside.knock(client, to, s.transport)
		if err != nil {
			return err
		}
		err = meet(h.outside, "", other, []string{to}, s.transport, h.ready("harbour", s))
		if err == nil && s.transport == "TCP" {
			var waits bool
			if waits, err = k.waits(); err == nil && !waits {
				err = errors.New("he has been answered")
			}
		}
		if err == nil && h.heard(client) {
			err = errors.New("a pod has heard him")
		}
		k.close()
		if err != nil {
			problems = append(problems, fmt.Errorf("%s is not closed to %s: %w", s.port, client, err))
		}
	}
	return errors.Join(problems...)
}

// heard reports whether any pod has heard a client, since it was asked last.
func (h *haven) heard(client string) bool {
	heard := false
	for _, p := range h.sailors {
		for _, b := range p.berths {
			heard = b.hasHeard(client) || heard
		}
	}
	return heard
}

// becomes waits until a judge has nothing to say any more.
func (h *haven) becomes(t *testing.T, what string, judge func() error) {
	t.Helper()
	if err := h.c.Until(t.Context(), what, func() (bool, error) { err := judge(); return err == nil, err }); err != nil {
		t.Fatal(err)
	}
}

// seenWrong waits until a judge says what a control has broken.
func (h *haven) seenWrong(t *testing.T, judge func() error, want string) {
	t.Helper()
	err := h.c.Until(t.Context(), "a judge says "+want, func() (bool, error) {
		err := judge()
		return err != nil && strings.Contains(err.Error(), want), err
	})
	if err != nil {
		t.Errorf("control: %v", err)
	}
}
