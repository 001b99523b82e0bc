package cli

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/inventory"
	"kgen.dev/kgen/internal/manifest"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/spec"
)

type explainFlags struct {
	judging
	layer *choice
}

func newExplain(sh *shell) *cobra.Command {
	flags := explainFlags{layer: newLayer()}
	cmd := &cobra.Command{
		Use:   "explain FROM TO[:PORT] [PATH...]",
		Short: "Say why one may talk to another, or may not",
		Long: `Explain answers one question: may FROM open a connection to TO, on PORT? It names
each policy and rule that decides, on both sides, with its place, and what would
have to change for the other answer. It ends with 0 where the connection is
allowed, and with 1 where it is denied, or allowed for some requests or some
addresses only.

FROM and TO are workloads (web, or shop/web), front-door, prometheus, dns, internet,
an address, or a host of kgen.yaml's egress, which is somewhere on the internet.
PORT is a container's port by number or name, with a protocol behind it if that is
not TCP (53/udp); a Service's port is taken for the container port that it leads
to, and said so. Without PORT each port of TO is asked about: of such a host those that
FROM's egress names, or else those that any service's does.`,
		Example: `  kgen explain web api:8080
  kgen explain internet db
  kgen explain web 169.254.169.254:80
  kgen explain shop/web shop/api:grpc overlays/production`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError(cmd, "name who calls and who is called", "")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExplain(cmd.Context(), sh, cmd, flags, args[0], args[1], args[2:])
		},
	}
	addJudging(cmd, sh, &flags.judging)
	choose(cmd, flags.layer, "layer", "", "whose rules count: NetworkPolicies, the mesh's policies, or both")
	addOutput(cmd, sh)
	cmd.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 1 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		words := []string{spec.Internet}
		if len(args) == 0 {
			words = append(words, spec.TheDoor, spec.TheMetric)
		}
		if n := sh.modelForCompletion(); n != nil {
			for _, s := range n.Spec.Services {
				words = append(words, s.Name)
			}
		}
		return words, cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// question is one thing to explain.
type question struct {
	from, to reach.Endpoint
	port     reach.Port
	note     string // how the port was understood
}

// explained is an answer as -o json prints it.
type explained struct {
	From   string       `json:"from"`
	To     string       `json:"to"`
	Port   string       `json:"port"`
	Note   string       `json:"note,omitempty"`
	Answer reach.Answer `json:"answer"`
	// Addresses are those of the internet for which it is so, where it is not all.
	Addresses string           `json:"addresses,omitempty"`
	Routes    []explainedRoute `json:"routes"`
	Changes   []explainedStep  `json:"changes"` // what would turn the answer
	Notes     []string         `json:"notes,omitempty"`
}

type explainedRoute struct {
	Via     string          `json:"via,omitempty"`
	Answer  reach.Answer    `json:"answer"`
	Reasons []explainedStep `json:"reasons"`

	sentences []string // the reasons for a reader
}

type explainedStep struct {
	Layer     reach.Layer     `json:"layer"`
	Direction reach.Direction `json:"direction"`
	Verdict   reach.Verdict   `json:"verdict,omitempty"`
	Policy    string          `json:"policy,omitempty"`
	File      string          `json:"file,omitempty"`
	Line      int             `json:"line,omitempty"`
	Column    int             `json:"column,omitempty"`
	Text      string          `json:"text"`
}

func stepOf(layer reach.Layer, d reach.Direction, policy *manifest.Object, at manifest.Position, text string) explainedStep {
	s := explainedStep{Layer: layer, Direction: d, File: at.File, Line: at.Line, Column: at.Column, Text: text}
	if policy != nil {
		s.Policy = policy.Ref()
	}
	return s
}

func runExplain(ctx context.Context, sh *shell, cmd *cobra.Command, flags explainFlags, from, to string, paths []string) error {
	j, err := sh.judge(ctx, cmd, flags.judging, paths)
	if err != nil {
		return err
	}
	sh.warn(asWarnings(j.inventory.Refused))
	questions, err := j.questions(from, to)
	if err != nil {
		return err
	}
	j.setRoot()
	var answers []explained
	refused := false
	explainer := &explainer{judged: j, layer: layers[flags.layer.word]}
	for _, q := range questions {
		e, addresses := explainer.answer(q)
		refused = refused || e.Answer != reach.Allowed
		if hint := j.undeclared(q, e.Answer); hint != "" {
			e.Notes = append(e.Notes, hint)
		}
		one := explanationOf(q, e)
		one.Addresses = addresses
		answers = append(answers, one)
	}
	if sh.format.word == "json" {
		if err := sh.document(struct {
			Answers []explained `json:"answers"`
		}{answers}); err != nil {
			return err
		}
	} else if err := sh.printExplained(answers); err != nil {
		return err
	}
	if refused {
		return &refusal{}
	}
	return nil
}

// undeclared says where the model is the place to allow a connection that is
// denied: what it declares, kgen generate writes at both ends.
func (j *judged) undeclared(q question, answer reach.Answer) string {
	if answer == reach.Allowed || q.from.Workload == nil || q.to.Workload == nil {
		return ""
	}
	from, to := j.workload(q.from.Workload), j.workload(q.to.Workload)
	if from == nil || to == nil || from.Service == nil || to.Service == nil || from.Service == to.Service {
		return ""
	}
	for _, d := range j.inventory.Declared() {
		if d.From == from.Service && d.To == to.Service {
			return ""
		}
	}
	return fmt.Sprintf("%s does not declare it: with %s among the calls of %s, kgen generate writes what is missing", j.model.Name, to.Service.Name, from.Service.Name)
}

func explanationOf(q question, e reach.Explanation) explained {
	out := explained{From: q.from.Text(), To: q.to.Text(), Port: q.port.Text(), Note: q.note, Answer: e.Answer, Notes: e.Notes, Changes: []explainedStep{}}
	for _, r := range e.Routes {
		route := explainedRoute{Answer: r.Answer, Reasons: []explainedStep{}, sentences: reach.Sentences(r.Reasons)}
		if r.Via != nil {
			route.Via = r.Via.Text()
		}
		for _, reason := range r.Reasons {
			s := stepOf(reason.Layer, reason.Direction, reason.Policy, reason.Position(), reason.Text())
			s.Verdict = reason.Verdict
			route.Reasons = append(route.Reasons, s)
		}
		out.Routes = append(out.Routes, route)
	}
	for _, c := range e.Changes {
		out.Changes = append(out.Changes, stepOf(c.Layer, c.Direction, c.Policy, c.Position, c.Text()))
	}
	return out
}

func (sh *shell) printExplained(answers []explained) error {
	var b strings.Builder
	for i, a := range answers {
		if i > 0 {
			b.WriteByte('\n')
		}
		colour := "31"
		if a.Answer == reach.Allowed {
			colour = "32"
		}
		answer := string(a.Answer)
		if sh.colour {
			answer = "\x1b[" + colour + "m" + answer + "\x1b[0m"
		}
		if a.Addresses != "" {
			answer += ": " + a.Addresses
		}
		fmt.Fprintf(&b, "%s -> %s on %s: %s\n", diag.Printable(a.From), diag.Printable(a.To), a.Port, answer)
		if a.Note != "" {
			fmt.Fprintf(&b, "  (%s)\n", diag.Printable(a.Note))
		}
		for _, r := range a.Routes {
			indent := "  "
			if len(a.Routes) > 1 {
				way := "directly"
				if r.Via != "" {
					way = "via " + r.Via
				}
				fmt.Fprintf(&b, "  %s: %s\n", diag.Printable(way), r.Answer)
				indent = "    "
			}
			for _, sentence := range r.sentences {
				fmt.Fprintf(&b, "%s%s\n", indent, diag.Printable(sentence))
			}
		}
		if len(a.Changes) > 0 {
			turn := "to deny it, one of:"
			if a.Answer == reach.Denied {
				turn = "to allow it:"
			}
			fmt.Fprintf(&b, "  %s\n", turn)
			for _, c := range a.Changes {
				fmt.Fprintf(&b, "    %s\n", diag.Printable(c.Text))
			}
		}
		for _, n := range a.Notes {
			fmt.Fprintf(&b, "  note: %s\n", diag.Printable(n))
		}
	}
	_, err := fmt.Fprint(sh.Out, b.String())
	return err
}

// questions are what FROM and TO[:PORT] ask, for each workload that they mean.
func (j *judged) questions(from, to string) ([]question, error) {
	target, port := to, ""
	if at := strings.LastIndexByte(to, ':'); at >= 0 && !addressLike(to) {
		target, port = strings.TrimSuffix(strings.TrimPrefix(to[:at], "["), "]"), to[at+1:]
		if port == "" {
			return nil, fmt.Errorf("%s: name the port behind the colon, or leave the colon out", to)
		}
	}
	var list diag.List
	read := func(text string) []reach.Endpoint {
		found, err := j.endpoints(text)
		if err != nil {
			list = append(list, diag.Diagnostic{Severity: diag.Error, Code: "unknown-party", Message: fmt.Sprintf("%s: %s", text, err)})
		}
		return found
	}
	froms, tos := read(from), read(target)
	filter, err := parsePortFilter(port)
	if err != nil {
		list = append(list, diag.Diagnostic{Severity: diag.Error, Code: "usage", Message: strings.TrimPrefix(err.Error(), "--port ")})
	}
	if err := list.Err(); err != nil {
		return nil, err
	}
	var out []question
	for _, t := range tos {
		for _, f := range froms {
			if f.Workload != nil && f.Workload == t.Workload && len(froms) > 1 {
				continue
			}
			ports, note, err := j.portsAsked(filter, f, t)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", to, err)
			}
			for _, p := range ports {
				out = append(out, question{f, t, p, note})
			}
		}
	}
	return out, nil
}

// endpoints are the ends that a word means, one each.
func (j *judged) endpoints(text string) ([]reach.Endpoint, error) {
	e, err := j.end(text)
	switch {
	case err != nil:
		return nil, err
	case e.all:
		return nil, fmt.Errorf("name one workload; kgen reach lists what all may do")
	case e.host != "":
		return []reach.Endpoint{inventory.Internet().As(e.host)}, nil
	case e.internet:
		return []reach.Endpoint{theInternet}, nil
	case e.address.IsValid():
		return []reach.Endpoint{reach.Address(e.address)}, nil
	}
	var out []reach.Endpoint
	for _, w := range j.everyone() {
		if e.workloads[w] {
			out = append(out, reach.Pod(w))
		}
	}
	slices.SortStableFunc(out, func(a, b reach.Endpoint) int { return strings.Compare(a.Text(), b.Text()) })
	return out, nil
}

// portsAsked are the container ports that are meant at an end: the one that is
// named, the one that a Service's port of that number leads to, or all that it has;
// of a host those on which kgen.yaml has it called.
func (j *judged) portsAsked(f portFilter, from, to reach.Endpoint) ([]reach.Port, string, error) {
	own := func(meant reach.Ports) []reach.Port {
		var out []reach.Port
		for _, p := range to.Workload.Ports {
			port := reach.Port{Protocol: p.Protocol, Number: p.Number}
			if port.Protocol == "" {
				port.Protocol = "TCP"
			}
			if meant.Has(port) && !slices.Contains(out, port) {
				out = append(out, port)
			}
		}
		return out
	}
	if to.Workload == nil {
		if called := j.calledOn(from, to.Text()); f.name == "" && f.number == 0 && len(called) > 0 {
			return called, "", nil
		}
		if f.number == 0 {
			return nil, "", fmt.Errorf("name the port by its number: an address has none of its own")
		}
		return []reach.Port{{Protocol: f.protocol, Number: f.number}}, "", nil
	}
	if f.name == "" && f.number == 0 {
		if all := own(reach.AllPorts()); len(all) > 0 {
			return all, "", nil
		}
		if led := j.led(to.Workload); len(led) > 0 {
			return led, "its containers name no port: asked about where its Services lead", nil
		}
		return nil, "", fmt.Errorf("it names no port of its own: ask about one by its number")
	}
	if found := own(f.on(to.Workload)); len(found) > 0 {
		return found, "", nil
	}
	if port, by, ok := j.behind(f, to.Workload); ok {
		return []reach.Port{port}, fmt.Sprintf("port %s of Service %s leads to container port %s, which policies see", f.text(), by.Name, port.Text()), nil
	}
	if f.number == 0 {
		return nil, "", fmt.Errorf("it has no port called %s", f.name)
	}
	return []reach.Port{{Protocol: f.protocol, Number: f.number}}, fmt.Sprintf("no container of %s says that it listens there", to.Text()), nil
}

// calledOn are the ports on which kgen.yaml has a host outside called: by the
// service that asks, or by any where that one does not call it.
func (j *judged) calledOn(from reach.Endpoint, host string) []reach.Port {
	if j.inventory.Model == nil {
		return nil
	}
	var own, all []reach.Port
	asks := j.workload(from.Workload)
	for _, s := range j.inventory.Model.Spec.Services {
		for _, e := range s.Egress {
			if e.Host != host {
				continue
			}
			for _, number := range e.Ports {
				p := reach.Port{Protocol: e.Protocol.Transport(), Number: int(number)}
				if !slices.Contains(all, p) {
					all = append(all, p)
				}
				if asks != nil && asks.Service != nil && asks.Service.Name == s.Name && !slices.Contains(own, p) {
					own = append(own, p)
				}
			}
		}
	}
	if len(own) > 0 {
		return own
	}
	return all
}

// led are the ports of a workload to which Services lead.
func (j *judged) led(w *reach.Workload) []reach.Port {
	var out []reach.Port
	for _, s := range j.inventory.Services {
		for _, p := range s.V.Spec.Ports {
			if !slices.ContainsFunc(s.Pods, func(pod *inventory.Workload) bool { return &pod.Workload == w }) {
				continue
			}
			if target, ok := reach.Target(p, w); ok && !slices.Contains(out, target) {
				out = append(out, target)
			}
		}
	}
	return out
}

func (f portFilter) text() string {
	if f.name != "" {
		return f.name
	}
	return fmt.Sprint(f.number)
}

// behind is the container port that a Service's port of that number or name
// leads to.
func (j *judged) behind(f portFilter, w *reach.Workload) (reach.Port, *inventory.Service, bool) {
	for _, s := range j.inventory.Services {
		if s.Namespace != w.Namespace || !slices.ContainsFunc(s.Pods, func(p *inventory.Workload) bool { return &p.Workload == w }) {
			continue
		}
		if p, ok := s.Port(manifest.IntOrString{Number: f.number, Name: f.name}); ok && (f.protocol == "" || f.protocol == p.Transport()) {
			if target, ok := reach.Target(p, w); ok {
				return target, s, true
			}
		}
	}
	return reach.Port{}, nil, false
}

// addressLike reports whether all of a word is an address: an IPv6 address has
// colons of its own.
func addressLike(text string) bool {
	_, err := netip.ParseAddr(text)
	return err == nil
}
