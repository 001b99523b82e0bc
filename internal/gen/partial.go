package gen

import (
	"path"
	"reflect"
	"slices"
	"strings"

	"kgen.dev/kgen/internal/spec"
)

// Settled are services whose own files are known to be as the model wants them:
// they are not rendered, and the kustomizations list them all the same.
type Settled struct {
	// Service reports whether a service of this name is settled.
	Service func(name string) bool
	// Exists reports whether there is a file at a path that a settled service
	// would have one at.
	Exists func(path string) bool
}

func (s *Settled) holds(service *Service) bool { return s != nil && s.Service(service.Name) }

// Touched are the names of the services whose own files may come out otherwise
// for the one model than for the other: those that are not the same in both, and
// those that name them, as callers, callees or below a host. Both models must
// have passed spec.Validate. ok is false where every file may: the change is to
// more than services, or to what the files of all of them say.
//
// That nothing else is touched rests on what templates are given: a service, its
// own edges and hosts, and of the application what surroundings lists.
func Touched(before, after *spec.Network) (names map[string]bool, ok bool) {
	if len(before.Spec.Environments) > 0 || len(after.Spec.Environments) > 0 {
		return nil, false
	}
	old, now := newApp(before), newApp(after)
	if old.Name != now.Name || !reflect.DeepEqual(old.surroundings(), now.surroundings()) || !reflect.DeepEqual(old.platform(), now.platform()) {
		return nil, false
	}
	was := make(map[string]*Service, len(old.Services))
	for _, s := range old.Services {
		was[s.Name] = s
	}
	names = map[string]bool{}
	var common []string // in the new order
	for _, s := range now.Services {
		o := was[s.Name]
		if o != nil {
			common = append(common, s.Name)
			delete(was, s.Name)
		}
		if o == nil || !reflect.DeepEqual(o.Service, s.Service) {
			s.touch(names)
			if o != nil {
				o.touch(names)
			}
		}
	}
	for _, gone := range was {
		gone.touch(names)
	}
	// Lists of callers and the like are in the order of the file.
	for _, s := range old.Services {
		if was[s.Name] != nil {
			continue
		}
		if s.Name != common[0] {
			return nil, false
		}
		common = common[1:]
	}
	return names, true
}

// touch adds the service, and those whose files name it.
func (s *Service) touch(names map[string]bool) {
	names[s.Name] = true
	for _, e := range slices.Concat(s.CallsTo, s.CalledBy) {
		names[e.Peer.Name] = true
	}
	if !s.Exposed() {
		return
	}
	for _, other := range s.App.Services {
		if slices.ContainsFunc(other.Service.Hosts, func(h string) bool { return slices.Contains(s.Service.Hosts, h) }) {
			names[other.Name] = true
		}
	}
}

// platform is the model without its services.
func (a *App) platform() spec.Spec {
	p := a.Spec
	p.Services = nil
	return p
}

// surroundings are what the files of a service say of the whole application and
// what depends on the services in it.
type surroundings struct {
	Waypoint, Gateway, Ingress, Issued, Door bool
	Reporter, Versions                       string
}

func (a *App) surroundings() surroundings {
	return surroundings{
		Waypoint: a.Waypoint(), Gateway: a.UsesGateway(), Ingress: a.UsesIngress(), Issued: a.Issued(), Door: a.ScrapesDoor(),
		Reporter: strings.Join(a.reporter, "\n"), Versions: a.versionNames + "\n" + a.versionGroups,
	}
}

// OwnFile tells whose a file is that only one service has a part in: the name of
// its objects and files, see FileName. ok is false for the files that several
// have a part in, and for those that kgen does not make.
func OwnFile(file string) (stem string, ok bool) {
	dir, name := path.Split(file)
	stem, ok = strings.CutSuffix(name, ".yaml")
	return stem, ok && !reserved[stem] && slices.ContainsFunc(folders, func(f folder) bool { return len(f.services) > 0 && f.dir+"/" == dir })
}

// Stem is OwnFile's name of a service.
func Stem(service string) string { return stem(service) }
