// Command istio-analyze says of objects what istioctl analyze would say of a
// cluster on which they were applied after Istio. The cluster is made up around
// them: Istio's own installation is rendered from its charts, and pods are made of
// workloads as its injector would make them. So no analyzer has to be left out for
// want of a cluster.
//
// It reads questions and writes a report on each, in their order, one JSON document
// a line. An installation is rendered once, for whichever questions name it.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"istio.io/istio/pilot/pkg/config/file"
	"istio.io/istio/pkg/config/analysis"
	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/diag"
	"istio.io/istio/pkg/config/analysis/legacy/util/kuberesource"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/schema/gvk"
	"istio.io/istio/pkg/log"
)

// A question is a cluster.
type question struct {
	Profile  string // that Istio is installed with, minimal or ambient
	Revision string // Istio's, if it has one
	Objects  string // a YAML stream, as kustomize prints it
}

// A report is what the analyzers say, and what they have looked at.
type report struct {
	Messages []message
	Executed []string       // the analyzers that have run
	Skipped  []string       // those that have not, for want of a kind of input
	Idle     []string       // those that have run and had no object to look at
	Read     map[string]int // the objects that some analyzer reads, by kind
	Unread   map[string]int // the others, by kind
}

type message struct {
	Analyzer, Code, Level, Text string
	Object                      string // as Istio names it: Kind name.namespace; empty if it is of none
}

func main() {
	// What is logged is said in the report as well, or is nobody's concern here.
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(log.ErrorLevel)
	}
	if err := serve(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "istio-analyze:", err)
		os.Exit(1)
	}
}

func serve(in io.Reader, out io.Writer) error {
	questions, reports := json.NewDecoder(in), json.NewEncoder(out)
	questions.DisallowUnknownFields()
	installations := map[[2]string]*installation{}
	defer func() {
		for _, i := range installations {
			os.Remove(i.meshConfigFile)
		}
	}()
	for n := 1; ; n++ {
		var q question
		if err := questions.Decode(&q); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("question %d: %w", n, err)
		}
		kind := [2]string{q.Profile, q.Revision}
		if installations[kind] == nil {
			istio, err := install(q.Profile, q.Revision)
			if err != nil {
				return fmt.Errorf("question %d: installing Istio: %w", n, err)
			}
			installations[kind] = istio
		}
		r, err := answer(installations[kind], q.Objects)
		if err != nil {
			return fmt.Errorf("question %d: %w", n, err)
		}
		if err := reports.Encode(r); err != nil {
			return err
		}
	}
}

// answer is the report on a cluster with Istio and the objects of a YAML stream.
func answer(istio *installation, stream string) (*report, error) {
	applied, err := parse([]byte(stream))
	if err != nil {
		return nil, err
	}
	objects := slices.Concat(istio.objects, applied)
	pods, err := istio.pods(objects)
	if err != nil {
		return nil, err
	}
	return analyze(istio, slices.Concat(objects, pods))
}

// analyze runs every analyzer over the objects.
func analyze(istio *installation, objects []object) (*report, error) {
	all := analyzers.AllCombined()
	schemas := kuberesource.ConvertInputsToSchemas(all.Metadata().Inputs)
	source := file.NewKubeSource(schemas)
	r := &report{Read: map[string]int{}, Unread: map[string]int{}}
	for i, o := range objects {
		schema, known := schemas.FindByGroupVersionAliasesKind(o.kind())
		if !known {
			r.Unread[o.GetKind()]++
			continue
		}
		text, err := json.Marshal(o)
		if err != nil {
			return nil, err
		}
		before := len(source.List(schema.GroupVersionKind(), ""))
		if err := source.ApplyContent(fmt.Sprintf("%d", i), string(text)); err != nil {
			return nil, fmt.Errorf("%s %s/%s: %w", o.GetKind(), o.GetNamespace(), o.GetName(), err)
		}
		if len(source.List(schema.GroupVersionKind(), "")) != before+1 {
			return nil, fmt.Errorf("%s %s/%s is there twice, or Istio has not taken it", o.GetKind(), o.GetNamespace(), o.GetName())
		}
		r.Read[o.GetKind()]++
	}
	for _, a := range analyzers.All() {
		if idle(a, source) {
			r.Idle = append(r.Idle, a.Metadata().Name)
		}
	}

	// No namespace stands for all.
	istiod := local.NewSourceAnalyzer(all, "", istioNamespace, nil)
	istiod.AddSource(source)
	if err := istiod.AddFileKubeMeshConfig(istio.meshConfigFile); err != nil {
		return nil, err
	}
	stop := make(chan struct{})
	defer close(stop)
	result, err := istiod.Analyze(stop)
	if err != nil {
		return nil, err
	}
	r.Executed, r.Skipped = result.ExecutedAnalyzers, result.SkippedAnalyzers
	for analyzer, messages := range result.MappedMessages {
		for _, m := range messages {
			r.Messages = append(r.Messages, plain(analyzer, m))
		}
	}
	slices.SortFunc(r.Messages, func(a, b message) int {
		return cmp.Or(cmp.Compare(a.Code, b.Code), cmp.Compare(a.Object, b.Object), cmp.Compare(a.Text, b.Text), cmp.Compare(a.Analyzer, b.Analyzer))
	})
	return r, nil
}

// idle reports whether no object is of a kind that the analyzer reads. The mesh's
// own configuration is always there.
func idle(a analysis.Analyzer, source *file.KubeSource) bool {
	for _, kind := range a.Metadata().Inputs {
		if kind == gvk.MeshConfig || kind == gvk.MeshNetworks || len(source.List(kind, "")) > 0 {
			return false
		}
	}
	return true
}

func plain(analyzer string, m diag.Message) message {
	out := message{
		Analyzer: analyzer,
		Code:     m.Type.Code(),
		Level:    m.Type.Level().String(),
		Text:     fmt.Sprintf(m.Type.Template(), m.Parameters...),
	}
	if m.Resource != nil && m.Resource.Origin != nil {
		out.Object = m.Resource.Origin.FriendlyName()
	}
	return out
}
