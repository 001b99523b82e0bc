package spec

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ServiceForm is a whole service in one word. The keys are the flags of
// `kgen add service`; port, host, path, calls and egress may come several
// times, and port=none says that there is no port. A comma always parts two keys, so a path with one in it is written in
// kgen.yaml.
const ServiceForm = "NAME[,port=PORT][,host=HOST][,calls=SVC]…"

// serviceKey is one key of ServiceForm.
type serviceKey struct {
	name   string
	repeat bool
	set    func(s *Service, value string) error
}

var serviceKeys = []serviceKey{
	{"port", true, func(s *Service, v string) (err error) { s.Ports, err = AppendPortFlag(s.Ports, v); return err }},
	{"host", true, func(s *Service, v string) error { return appendParsed(&s.Hosts, v, parseHost) }},
	{"path", true, func(s *Service, v string) error { return appendParsed(&s.Paths, v, ParsePathFlag) }},
	{"calls", true, func(s *Service, v string) error { return appendParsed(&s.Calls, v, ParseCallFlag) }},
	{"egress", true, func(s *Service, v string) error { return appendParsed(&s.Egress, v, ParseEgressFlag) }},
	{"canary", false, func(s *Service, v string) error {
		c, err := ParseCanaryFlag(v)
		if s.Canary != nil {
			c.Stable = s.Canary.Stable
		}
		s.Canary = &c
		return err
	}},
	{"stable", false, func(s *Service, v string) error {
		if s.Canary == nil {
			s.Canary = &Canary{}
		}
		s.Canary.Stable = v
		return CheckVersion(v)
	}},
	{"metrics", false, func(s *Service, v string) error {
		m, err := ParseMetricsFlag(v)
		s.Metrics = &m
		return err
	}},
	{"type", false, func(s *Service, v string) (err error) { s.Type, err = ParseTypeFlag(v); return err }},
	{"replicas", false, func(s *Service, v string) (err error) { s.Replicas, err = ParseCount(v); return err }},
}

func appendParsed[T any](list *[]T, word string, parse func(string) (T, error)) error {
	item, err := parse(word)
	if err == nil {
		*list = append(*list, item)
	}
	return err
}

func parseHost(s string) (string, error) { return s, CheckHost(s) }

// ParseTypeFlag reads a Service type: ClusterIP, LoadBalancer or Headless.
func ParseTypeFlag(s string) (ServiceType, error) {
	t, err := oneOf(s, ClusterIP, LoadBalancer, Headless)
	if err != nil {
		return "", fmt.Errorf("the type %w", err)
	}
	return t, nil
}

// ParseServiceFlag reads ServiceForm:
//
//	web,port=80:8080,host=shop.example.com,calls=cart:grpc,canary=v2=10,metrics=9090
//
// Its error names every part that is wrong, a line each.
func ParseServiceFlag(word string) (Service, error) {
	name, rest, more := strings.Cut(word, ",")
	s := Service{Name: name}
	var errs []error
	if err := CheckName(name); err != nil {
		errs = append(errs, malformed("service's name", err, ServiceForm))
	}
	seen := map[string]bool{}
	for more {
		var part string
		part, rest, more = strings.Cut(rest, ",")
		key, value, found := strings.Cut(part, "=")
		if !found {
			errs = append(errs, fmt.Errorf("%q is no KEY=VALUE; write %s", part, ServiceForm))
			continue
		}
		k, err := keyNamed(key)
		switch {
		case err != nil:
		case seen[key] && !k.repeat:
			err = errors.New("is given twice")
		default:
			err = k.set(&s, value)
		}
		seen[key] = true
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", part, err))
		}
	}
	if seen["stable"] && !seen["canary"] {
		errs = append(errs, fmt.Errorf("stable= names the old version of a canary, and there is none; add canary=%s", CanaryForm))
	}
	if err := errors.Join(errs...); err != nil {
		return Service{}, err
	}
	return s, nil
}

func keyNamed(name string) (serviceKey, error) {
	if name == "called-by" {
		return serviceKey{}, errors.New("an edge belongs to its caller; give calls= to the service that calls")
	}
	names := make([]string, len(serviceKeys))
	for i, k := range serviceKeys {
		if k.name == name {
			return k, nil
		}
		names[i] = k.name
	}
	_, err := oneOf(name, names...)
	return serviceKey{}, fmt.Errorf("the key %w", err)
}

// FormatServiceFlag gives in ServiceForm what the form can say of a service.
func FormatServiceFlag(s Service) string {
	words := []string{s.Name}
	say := func(key, value string) { words = append(words, key+"="+value) }
	if s.Ports != nil && len(s.Ports) == 0 {
		say("port", NoPorts)
	}
	for _, p := range s.Ports {
		say("port", FormatPortFlag(p))
	}
	for _, h := range s.Hosts {
		say("host", h)
	}
	for _, p := range s.Paths {
		say("path", FormatPathFlag(p))
	}
	for _, c := range s.Calls {
		say("calls", FormatCallFlag(c))
	}
	for _, e := range s.Egress {
		say("egress", FormatEgressFlag(e))
	}
	if c := s.Canary; c != nil {
		say("canary", FormatCanaryFlag(*c))
		if c.Stable != "" {
			say("stable", c.Stable)
		}
	}
	if s.Metrics != nil {
		say("metrics", FormatMetricsFlag(*s.Metrics))
	}
	if s.Type != "" {
		say("type", string(s.Type))
	}
	if s.Replicas != 0 {
		say("replicas", strconv.Itoa(int(s.Replicas)))
	}
	return strings.Join(words, ",")
}
