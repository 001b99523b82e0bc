package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/diag"
)

// unusable are names that Windows gives to devices, so that no folder there can
// have them, and no repository with such a folder be checked out.
var unusable = []string{"con", "prn", "aux", "nul",
	"com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9",
	"lpt1", "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9"}

// environments checks each environment by itself, and then that the model it
// makes of the file is sound. It comes last, when all that is to be said of the
// file's own model has been said and need not be said again.
func (v *validator) environments() {
	raw := v.raw.Spec.Environments
	if len(raw) == 0 {
		return
	}
	known := knownFindings(v.list)
	index := indexByName(v.raw.Spec.Services)
	names := map[string]bool{}
	base := place{who: "namespace " + v.n.Spec.Namespace, n: v.n}
	places := []place{base}
	claims := hostClaims{}
	claims.claim(base)
	for i := range raw {
		e, at := &raw[i], fmt.Sprintf("environments[%d]", i)
		if err := CheckName(e.Name); err != nil {
			v.check(top(at+".name"), "", err)
		} else if slices.Contains(unusable, e.Name) {
			v.errorf(at+".name", "bad-value", "choose another", "%q is a device on Windows, where no folder can be called so", e.Name)
		} else if names[e.Name] {
			v.errorf(at+".name", "duplicate", "rename it, or merge the two", "environment %q is already described above", e.Name)
		}
		names[e.Name] = true
		if e.Ingress != nil && v.raw.Spec.Ingress == nil {
			v.errorf(at+".ingress", "missing", "describe the front door in ingress below spec first", "there is no ingress for it to differ from")
		}
		entries := v.environmentServices(at, e, index)
		there := validate(v.raw.in(e))
		if e.Domain != "" && CheckHost(e.Domain) == nil && !slices.ContainsFunc(there.raw.Spec.Services, namedByDomain) {
			v.idleDomain(at, there.raw)
		}
		for _, d := range there.list {
			v.relay(at, e, entries, known, d)
		}
		if there.n.Spec.Namespace != v.n.Spec.Namespace {
			v.apart(at, e, there, claims)
		}
		here := place{number: i + 1, who: "environment " + e.Name, at: at, e: e, n: there.n}
		claims.claim(here)
		places = append(places, here)
	}
	v.sharedNames(places)
}

// environmentServices checks what an environment says of single services, and
// returns the entry for each service that it says something of.
func (v *validator) environmentServices(at string, e *Environment, index map[string]int) map[int]int {
	entries := map[int]int{}
	for k := range e.Services {
		s, path := &e.Services[k], fmt.Sprintf("%s.services[%d]", at, k)
		j, ok := index[s.Name]
		if !ok {
			fix := "declare it in services below spec first"
			if near := v.nearest(s.Name); near != "" {
				fix = fmt.Sprintf("did you mean %s? Otherwise %s", near, fix)
			}
			v.errorf(path+".name", "undeclared", fix, "there is no service %q", s.Name)
			continue
		}
		if _, twice := entries[j]; twice {
			v.errorf(path+".name", "duplicate", "merge the two", "service %q is already described above in %s", s.Name, at)
			continue
		}
		entries[j] = k
		if s.Canary != nil && v.raw.Spec.Services[j].Canary == nil {
			v.errorf(path+".canary", "contradiction", fmt.Sprintf("give %s a canary below spec first, or remove this one", s.Name), "%s has no canary whose weight could differ", s.Name)
		}
		if s.SLO != nil && *s.SLO == (SLO{}) && v.raw.Spec.Services[j].SLO != nil {
			// Laid over the service's own it would pass for those promises.
			v.errorf(path+".slo", "missing", "add availability: 99.9, or latency", "promises nothing")
		}
		if s.empty() {
			v.list.Warnf(path, "no-effect", "remove it, or say what differs", "nothing of %s differs", s.Name)
		}
	}
	return entries
}

// findings are known by path and code, and by what they say.
type findings struct {
	places map[[2]string]bool
	whole  map[[3]string]bool
}

func knownFindings(list diag.List) findings {
	f := findings{map[[2]string]bool{}, map[[3]string]bool{}}
	for _, d := range list {
		f.places[[2]string{d.Path, d.Code}] = true
		f.whole[[3]string{d.Path, d.Code, d.Message}] = true
	}
	return f
}

// relay reports a finding about an environment's model at the environment's own
// key where that key is to blame, and otherwise at the nearest that it has.
func (v *validator) relay(at string, e *Environment, entries map[int]int, known findings, d diag.Diagnostic) {
	if known.whole[[3]string{d.Path, d.Code, d.Message}] {
		return
	}
	if own, ok := e.place(d.Path, entries); ok {
		d.Path = at + own
	} else if known.places[[2]string{d.Path, d.Code}] {
		return
	} else {
		d.Path, d.Message = at+own, fmt.Sprintf("%s there: %s", d.Path, d.Message)
	}
	v.list = append(v.list, d)
}

// place finds the key of the environment that stands for a key of the model. Not
// found, it is the nearest key above it.
func (e *Environment) place(path string, entries map[int]int) (own string, found bool) {
	switch {
	case path == "namespace" && e.Namespace != "", path == "domain" && e.Domain != "":
		return "." + path, true
	case path == "metadata.name" && e.Application != "":
		return ".application", true
	case within(path, "ingress.tls") && e.Ingress != nil && e.Ingress.TLS != nil:
		return "." + path, true
	}
	rest, ok := strings.CutPrefix(path, "services[")
	if !ok {
		return "", false
	}
	number, rest, _ := strings.Cut(rest, "]")
	j, err := strconv.Atoi(number)
	k, ok := entries[j]
	if err != nil || !ok {
		return "", false
	}
	own = fmt.Sprintf(".services[%d]", k)
	s := &e.Services[k]
	for _, key := range []struct {
		path  string
		given bool
	}{
		{".hosts", s.Hosts != nil}, {".replicas", s.Replicas != 0}, {".type", s.Type != ""},
		{".canary.weight", s.Canary != nil}, {".slo", s.SLO != nil},
	} {
		if key.given && within(rest, key.path) {
			return own + rest, true
		}
	}
	return own, false
}

// within reports whether a path is the key's own or below it.
func within(path, key string) bool {
	rest, ok := strings.CutPrefix(path, key)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// hostClaims are who serves a host, in which namespace.
type hostClaims map[string]struct{ namespace, who string }

func (c hostClaims) claim(p place) {
	for i := range p.n.Spec.Services {
		for _, h := range p.n.Spec.Services[i].Hosts {
			if _, taken := c[h]; !taken {
				c[h] = struct{ namespace, who string }{p.n.Spec.Namespace, p.who}
			}
		}
	}
}

// apart warns of what an environment in a namespace of its own, which may well
// share a cluster with the others, shares with them against its will. One in
// the same namespace must have another cluster, where the same names are free.
func (v *validator) apart(at string, e *Environment, there *validator, claims hostClaims) {
	n := there.n
	if e.Application == "" {
		v.list.Warnf(at+".namespace", "shared-name",
			fmt.Sprintf("add application: %s-%s, or application: %s where it has a cluster of its own", n.Metadata.Name, e.Name, n.Metadata.Name),
			"what stands outside it, such as the alerts in %s, is called %s there as well: in one cluster, the one would replace the other", n.Spec.Monitoring.Namespace, n.Metadata.Name)
	}
	var hosts []string
	who, seen := "", map[string]bool{}
	byDomain := true // whether all of them would follow another domain
	for i := range n.Spec.Services {
		for _, h := range n.Spec.Services[i].Hosts {
			if c, taken := claims[h]; taken && c.namespace != n.Spec.Namespace && (who == "" || who == c.who) && !seen[h] {
				hosts, who, seen[h] = append(hosts, h), c.who, true
				byDomain = byDomain && namedByDomain(there.raw.Spec.Services[i])
			}
		}
	}
	if len(hosts) > 0 {
		fix := "give its services hosts of their own"
		if byDomain {
			fix += ", or set domain"
		}
		v.list.Warnf(at, "shared-host", fix+", unless the two are never reached by the same DNS",
			"%s served in %s already", verb(hosts, "is", "are"), who)
	}
}

// namedByDomain reports whether a service is served under <service>.<domain>.
func namedByDomain(s Service) bool { return len(s.Paths) > 0 && len(s.Hosts) == 0 }

// idleDomain warns of an environment's domain below which nothing is served.
func (v *validator) idleDomain(at string, there *Network) {
	fact, fix := "no service is exposed", "remove it, or expose one: a service with paths and without hosts is called by it"
	if slices.ContainsFunc(there.Spec.Services, func(s Service) bool { return s.Exposed() }) {
		fact, fix = "each exposed service names its hosts", "give them hosts under the environment's services"
	}
	v.list.Warnf(at+".domain", "no-effect", fix, "has no effect: %s", fact)
}
