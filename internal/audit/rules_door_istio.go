package audit

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
)

// istioServer is one server of a Gateway of Istio's own API that a
// VirtualService is bound to.
type istioServer struct {
	gateway    *manifest.Object
	index      int
	protocol   string
	hosts      []string // "" for any
	redirects  bool
	credential string // the Secret beside the gateway's pods, "" for none
}

func (s istioServer) encrypted() bool {
	return s.protocol == "HTTPS" || s.protocol == "TLS"
}

// istioServers are the servers of Istio's Gateways that VirtualServices are
// bound to. A VirtualService that redirects by itself counts for all servers of
// its Gateways, since it may match by scheme.
func (d *doorway) istioServers() []istioServer {
	bound, away := map[*manifest.Object]bool{}, map[*manifest.Object]bool{}
	for _, vs := range inventory.All[manifest.VirtualService](d.Inventory) {
		redirects := false
		for i := range vs.V.Spec.HTTP {
			redirects = redirects || vs.Has("spec", "http", i, "redirect", "scheme")
		}
		for _, name := range vs.V.Spec.Gateways {
			namespace, gateway, qualified := strings.Cut(name, "/")
			if !qualified {
				namespace, gateway = vs.Namespace, name
			}
			if o := d.Object("networking.istio.io", "Gateway", namespace, gateway); o != nil {
				bound[o] = true
				away[o] = away[o] || redirects
			}
		}
	}
	var out []istioServer
	for _, o := range d.Objects {
		if !bound[o] {
			continue
		}
		v, err := o.Value()
		if err != nil {
			continue
		}
		servers, _ := fieldAt(v, "spec", "servers")
		for i, item := range servers.Items {
			s := istioServer{gateway: o, index: i, redirects: away[o]}
			word := func(keys ...string) any {
				found, _ := fieldAt(item, keys...)
				return found.Scalar
			}
			s.protocol, _ = word("port", "protocol").(string)
			s.protocol = strings.ToUpper(s.protocol)
			s.credential, _ = word("tls", "credentialName").(string)
			if yes, _ := word("tls", "httpsRedirect").(bool); yes {
				s.redirects = true
			}
			hosts, _ := item.Field("hosts")
			for _, h := range hosts.Items {
				host, _ := h.Scalar.(string)
				if _, rest, qualified := strings.Cut(host, "/"); qualified {
					host = rest // namespace/host limits whose routes it takes
				}
				if host == "*" {
					host = ""
				}
				s.hosts = append(s.hosts, host)
			}
			out = append(out, s)
		}
	}
	return out
}

// checkBound reports gateways that VirtualServices name and that do not exist:
// nothing that comes in from outside meets their routes.
func (d *doorway) checkBound() {
	var names []string
	for _, o := range d.Objects {
		if o.Kind == "Gateway" && o.Group() == "networking.istio.io" {
			names = append(names, o.Name)
		}
	}
	for _, vs := range inventory.All[manifest.VirtualService](d.Inventory) {
		for i, name := range vs.V.Spec.Gateways {
			if name == "mesh" {
				continue
			}
			namespace, gateway, qualified := strings.Cut(name, "/")
			if !qualified || namespace == "." {
				namespace, gateway = vs.Namespace, strings.TrimPrefix(name, "./")
			}
			if d.Object("networking.istio.io", "Gateway", namespace, gateway) != nil {
				d.Looked()
				continue
			}
			path := Field("spec", "gateways", i)
			if namespace != vs.Namespace && d.Namespace(namespace) == nil {
				d.Skip(vs.Ref()+", "+manifest.PathText(path...), "Gateway %s is not given, nor anything else of its namespace", name)
				continue
			}
			d.Looked()
			fix := "add the Gateway, of networking.istio.io, or name it with its namespace: <namespace>/" + gateway
			if near := diag.Nearest(gateway, names); near != "" {
				fix = "did you mean " + near + "?"
			}
			f := d.Report(vs.Object, path, fix, "Gateway %s does not exist: what comes in from outside does not meet these routes", inNamespace(namespace, gateway))
			if len(names) == 0 {
				f.Severity = diag.Warning // they may all stand elsewhere
			}
		}
	}
}

// securedByIstio are the hosts that servers with TLS have.
func securedByIstio(servers []istioServer) hostSet {
	out := hostSet{}
	for _, s := range servers {
		if s.encrypted() {
			out.add(s.hosts...)
		}
	}
	return out
}

// checkIstioTLS reports servers of plain HTTP whose hosts no server has over TLS.
func (d *doorway) checkIstioTLS() {
	servers := d.istioServers()
	secured := securedByIstio(servers)
	for _, s := range servers {
		d.Looked()
		if s.protocol != "HTTP" && s.protocol != "HTTP2" && s.protocol != "GRPC" || s.redirects {
			continue
		}
		hosts := slices.DeleteFunc(slices.Clone(s.hosts), secured.has)
		if len(hosts) > 0 {
			d.Report(s.gateway, Field("spec", "servers", s.index, "port", "protocol"), "add a server: {port: {number: 443, name: https, protocol: HTTPS}, tls: {mode: SIMPLE, credentialName: <Secret>}, hosts: [<host>]}, and write tls: {httpsRedirect: true} in this one",
				"a server serves %s in the clear, and none serves the same over TLS", some(hostTexts(hosts)))
		}
	}
}

// checkIstioRedirects reports servers that serve in the clear what another one
// serves over TLS.
func (d *doorway) checkIstioRedirects() {
	servers := d.istioServers()
	secured := securedByIstio(servers)
	for _, s := range servers {
		if s.protocol != "HTTP" {
			continue
		}
		d.Looked()
		hosts := slices.DeleteFunc(slices.Clone(s.hosts), func(h string) bool { return !secured.has(h) })
		if len(hosts) > 0 && !s.redirects {
			d.Report(s.gateway, Field("spec", "servers", s.index), "write in this server: tls: {httpsRedirect: true}", "a server serves %s in the clear, beside TLS", some(hostTexts(hosts)))
		}
	}
}

// checkIstioCertificates: the Secrets of Istio's Gateways stand beside the
// gateway's pods, wherever those run.
func (x *certificates) checkIstioCertificates() {
	for _, s := range x.istioServers() {
		if s.credential != "" {
			x.Skip(x.what(s), "Secret %s stands in the namespace of the gateway's pods, which is not given", s.credential)
		}
	}
}

func (x *certificates) what(s istioServer) string {
	return s.gateway.Ref() + ", " + manifest.PathText("spec", "servers", s.index)
}
