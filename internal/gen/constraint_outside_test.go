package gen_test

import (
	"net/netip"
	"slices"

	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

// checkOutside holds each pod against everyone who is not in the model.
func checkOutside(w *world) {
	nobody := map[reach.Port]bool{}
	for _, p := range w.pods {
		self := reach.Pod(p.workload)
		ports := interesting(p)
		for i, c := range p.service.Callers {
			want := map[reach.Port]bool{}
			for _, other := range p.service.Callers {
				if other.Namespace == c.Namespace && (len(other.PodLabels) == 0 || manifest.Selector{MatchLabels: other.PodLabels}.Matches(c.PodLabels)) {
					for port := range w.reachPorts(p.service, portsFor(p.service, other.Port)) {
						want[port] = true
					}
				}
			}
			labels := c.PodLabels
			if len(labels) == 0 {
				labels = map[string]string{"any": "thing"}
			}
			w.compare("the declared caller", stranger(c.Namespace, "caller", labels), self, ports, w.expectHops(p.service, want))
			if len(c.PodLabels) > 0 && !slices.ContainsFunc(p.service.Callers[:i], func(o spec.Caller) bool { return len(o.PodLabels) == 0 }) {
				w.compare("another pod of the caller's namespace", stranger(c.Namespace, "other", map[string]string{"not": "declared"}), self, ports, nobody)
				w.compare("a pod with the caller's labels elsewhere", stranger("elsewhere", "caller", c.PodLabels), self, ports, nobody)
			}
		}
		w.compare("a stray pod of the namespace", stranger(w.s.Namespace, "stray", map[string]string{"stray": "pod"}), self, ports, nobody)
		w.compare("a pod of another namespace", stranger("elsewhere", "stray", map[string]string{"app": p.service.Name}), self, ports, nobody)
		w.compare("a pod that calls itself Prometheus elsewhere", stranger("elsewhere", "prometheus", w.s.Monitoring.PrometheusLabels), self, ports, nobody)
		w.compare("another pod of Prometheus's namespace", stranger(w.s.Monitoring.Namespace, "grafana", map[string]string{"app.kubernetes.io/name": "grafana"}), self, ports, nobody)
		w.compare("an undeclared send", self, stranger("elsewhere", "stray", map[string]string{"stray": "pod"}), []reach.Port{reach.TCP(443), reach.TCP(80), reach.TCP(hbone)}, nobody)
		w.compare("a send to the namespace's stray pod", self, stranger(w.s.Namespace, "stray", map[string]string{"stray": "pod"}), []reach.Port{reach.TCP(80), reach.TCP(8080), reach.TCP(hbone)}, nobody)
		w.checkAddresses(p)
		w.checkForeignCalls(p)
	}
}

// checkAddresses: clients of a LoadBalancer come in, declared egress goes out.
func (w *world) checkAddresses(p *pod) {
	self := reach.Pod(p.workload)
	public := "198.51.100.77" // in no range that a model here names, except 0.0.0.0/0
	in := map[reach.Port]bool{}
	if p.service.Type == spec.LoadBalancer {
		all := w.reachPorts(p.service, portsFor(p.service, spec.PortRef{}))
		for _, text := range p.service.LoadBalancer.SourceRanges {
			block := netip.MustParsePrefix(text)
			if block.Contains(netip.MustParseAddr(public)) {
				in = all
			}
			w.compare("a client of the load balancer", reach.Address(block.Addr().Next()), self, interesting(p), all)
		}
	}
	frontDoorEverywhere := w.s.Ingress != nil && w.s.Ingress.Controller != nil && slices.ContainsFunc(w.s.Ingress.Controller.IPBlocks, func(b string) bool {
		return netip.MustParsePrefix(b).Contains(netip.MustParseAddr(public))
	})
	if !frontDoorEverywhere {
		w.compare("a public address", address(public), self, interesting(p), in)
	}

	out := map[reach.Port]bool{}
	ports := []reach.Port{reach.TCP(443), reach.TCP(80), reach.TCP(5432), reach.UDP(443), reach.UDP(53), reach.TCP(53), reach.TCP(15012)}
	for _, e := range p.service.Egress {
		declared := map[reach.Port]bool{}
		for _, number := range e.Ports {
			declared[reach.Port{Protocol: transportOf(e.Protocol), Number: int(number)}] = true
		}
		if e.Host != "" {
			for port := range declared {
				out[port] = true
			}
			continue
		}
		block := netip.MustParsePrefix(e.CIDR)
		if block.Contains(netip.MustParseAddr(public)) {
			for port := range declared {
				out[port] = true
			}
		}
		for port := range declared {
			if ok, _ := w.policies.Allowed(self, reach.Address(block.Addr().Next()), port); !ok && !covered(e.Except, block.Addr().Next()) {
				w.model(p.service, "declared egress to %s on %s is denied", e.CIDR, port.Text())
			}
		}
		for _, hole := range e.Except {
			inside := netip.MustParsePrefix(hole).Addr()
			for port := range declared {
				if ok, _ := w.policies.Allowed(self, reach.Address(inside), port); ok && len(p.service.Egress) == 1 {
					w.model(p.service, "egress to %s, an exception of %s, is allowed on %s", inside, e.CIDR, port.Text())
				}
			}
		}
	}
	w.compare("egress to the public internet", self, address(public), ports, out)
	metadata := append(slices.Clone(ports), reach.TCP(1))
	for port := range out {
		metadata = append(metadata, port)
	}
	w.compare("egress to the cloud's metadata", self, address("169.254.169.254"), metadata, nil)
}

func covered(blocks []string, ip netip.Addr) bool {
	return slices.ContainsFunc(blocks, func(b string) bool { return netip.MustParsePrefix(b).Contains(ip) })
}

// checkForeignCalls: calls to other namespaces open that pod's port and no other.
func (w *world) checkForeignCalls(p *pod) {
	for _, c := range p.service.Calls {
		if c.Namespace == "" || c.Namespace == w.s.Namespace {
			continue
		}
		want := map[reach.Port]bool{}
		for _, other := range p.service.Calls {
			if other.Namespace == c.Namespace && other.Service == c.Service {
				want[reach.TCP(int(other.Port.Number))] = true
			}
		}
		if w.ambient() {
			want[reach.TCP(hbone)] = true
		}
		target := stranger(c.Namespace, c.Service, c.PodLabels)
		w.compare("the call to another namespace", reach.Pod(p.workload), target, []reach.Port{reach.TCP(1), reach.TCP(80), reach.TCP(hbone)}, want)
		w.compare("a call to another pod there", reach.Pod(p.workload), stranger(c.Namespace, "other", map[string]string{"not": "declared"}),
			[]reach.Port{reach.TCP(int(c.Port.Number))}, nil)
	}
}

func checkDNS(w *world) {
	for _, p := range w.pods {
		self := reach.Pod(p.workload)
		if _, egress := w.policies.Isolated(p.workload); !egress {
			continue
		}
		port := int(w.s.DNS.Port)
		want := map[reach.Port]bool{reach.UDP(port): true, reach.TCP(port): true}
		w.compare("DNS", self, w.dns(), []reach.Port{reach.TCP(8080), reach.UDP(port + 1)}, want)
		for _, block := range w.s.DNS.IPBlocks {
			w.compare("DNS at an address", self, reach.Address(netip.MustParsePrefix(block).Addr()), nil,
				map[reach.Port]bool{reach.UDP(53): true, reach.TCP(53): true})
		}
		w.compare("another pod beside DNS", self, stranger(w.s.DNS.Namespace, "other", map[string]string{"not": "dns"}), []reach.Port{reach.UDP(port), reach.TCP(port)}, nil)
	}
}

func checkIstiod(w *world) {
	want := map[reach.Port]bool{}
	if w.sidecar() {
		want[reach.TCP(15012)] = true
	}
	for _, p := range w.pods {
		w.compare("istiod", reach.Pod(p.workload), w.istiod(), []reach.Port{reach.TCP(15010), reach.TCP(15012), reach.TCP(443)}, want)
	}
}
