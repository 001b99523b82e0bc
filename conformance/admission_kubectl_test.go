package conformance

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/conformance/cluster"
	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
)

// A pipeline is kustomize build | kubectl apply -f -, as a person types it.
type pipeline struct {
	kustomize, kubectl string
	flags              []string
}

// apply says what kubectl says of each object, in its order: "service/cart created".
// That it says anything beside that, such as a warning, is an error too.
func (p *pipeline) apply(t *testing.T, stream []byte, flags ...string) ([]string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), p.kubectl, slices.Concat(p.flags, []string{"apply", "-f", "-"}, flags)...)
	cmd.Env = append(os.Environ(), component.Thrift...)
	var out, beside bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stream), &out, &beside
	err := cmd.Run()
	if err != nil || beside.Len() > 0 {
		err = fmt.Errorf("kubectl apply: %v\n%s", err, beside.String())
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n"), err
}

// became are the outcomes that were not among those wanted.
func became(said []string, count int, wanted ...string) error {
	odd := slices.DeleteFunc(slices.Clone(said), func(line string) bool {
		return slices.Contains(wanted, line[strings.LastIndex(line, " ")+1:])
	})
	if len(odd) > 0 || len(said) != count {
		return fmt.Errorf("of %d objects kubectl speaks of %d; not %s: %q", count, len(said), strings.Join(wanted, " or "), odd)
	}
	return nil
}

// versions are the resource versions of objects, by which a change of any is known.
func versions(t *testing.T, c *cluster.Cluster, objects []cluster.Object) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, o := range objects {
		var stored struct {
			Metadata struct{ ResourceVersion string }
		}
		if err := c.Read(t.Context(), o, &stored); err != nil {
			t.Error(err)
		}
		out[o.String()] = stored.Metadata.ResourceVersion
	}
	return out
}

// pipe gives an empty cluster each example and environment by the stock commands,
// all at once and in the order of the build: everything is created. Then it gives
// the examples once more, and nothing changes.
func pipe(t *testing.T, c *cluster.Cluster) {
	p := &pipeline{kustomize: component.Build(t, "kustomize"), kubectl: component.Build(t, "kubectl"),
		flags: []string{"--kubeconfig=" + c.Kubeconfig(t), "--cache-dir=" + t.TempDir()}}
	create := func(t *testing.T, folder string) (stream []byte, made []cluster.Object) {
		t.Helper()
		stream, err := stockBuild(t.Context(), p.kustomize, folder)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := cluster.Objects(stream)
		if err != nil {
			t.Fatal(err)
		}
		around := prepare(t, c, surroundings(objects))
		said, err := p.apply(t, stream)
		if err != nil {
			t.Fatal(err)
		}
		if err := became(said, len(objects), "created"); err != nil {
			t.Error(err)
		}
		record.Checks(t, len(objects))
		return stream, append(around, objects...)
	}
	var streams [][]byte
	var all []cluster.Object
	for _, m := range models(t) {
		if !strings.HasPrefix(m.name, "examples/") {
			continue
		}
		top := m.write(t)
		for _, e := range m.network.Spec.Environments {
			t.Run(m.name+" environment "+e.Name, func(t *testing.T) { // in its base's place
				_, made := create(t, filepath.Join(top, "environments", e.Name))
				remove(t, c, made)
			})
		}
		t.Run(m.name, func(t *testing.T) {
			stream, made := create(t, top)
			streams, all = append(streams, stream), append(all, made...)
		})
	}
	t.Run("again", func(t *testing.T) {
		for _, o := range all {
			if slices.Contains(statusByDefault, o.Kind) {
				if _, err := c.Touch(t.Context(), o); err != nil {
					t.Error(err)
				}
			}
		}
		before := versions(t, c, all)
		stream := bytes.Join(streams, []byte("---\n"))
		// By the types that it brings: it would ask for the schemas of all CRDs, to
		// compute the same patches, and the server be at work for them for long.
		said, err := p.apply(t, stream, "--openapi-patch=false")
		if err != nil {
			t.Fatal(err)
		}
		objects, err := cluster.Objects(stream)
		if err != nil {
			t.Fatal(err)
		}
		// It says configured where a CRD has defaults inside a list: it sends the
		// list again, by which nothing changes.
		if err := became(said, len(objects), "unchanged", "configured"); err != nil {
			t.Error(err)
		}
		if diff := gocmp.Diff(before, versions(t, c, all)); diff != "" {
			t.Errorf("what has changed the second time (-before +after):\n%s", diff)
		}
		record.Checks(t, len(objects))
	})
	remove(t, c, all)
	t.Run("controls", func(t *testing.T) {
		objects := modelOf(t, "examples/hello").built(t)
		defer remove(t, c, prepare(t, c, surroundings(objects)))
		i := slices.IndexFunc(objects, func(o cluster.Object) bool { return o.Kind == "Namespace" })
		if i != 0 {
			t.Fatalf("the Namespace is object %d of the build", i)
		}
		join := func(objects []cluster.Object) []byte {
			var texts [][]byte
			for _, o := range objects {
				texts = append(texts, o.Text)
			}
			return bytes.Join(texts, []byte("\n---\n"))
		}
		late := append(slices.Clone(objects[1:]), objects[0])
		if _, err := p.apply(t, join(late)); err == nil || !strings.Contains(err.Error(), "not found") {
			t.Errorf("with the Namespace last everything is taken: %v", err)
		}
		typo := bytes.Replace(join(objects), []byte("targetPort:"), []byte("targetport:"), 1)
		said, err := p.apply(t, typo, "--openapi-patch=false")
		if err == nil || !strings.Contains(err.Error(), `unknown field "spec.ports[0].targetport"`) {
			t.Errorf("a typo is taken: %v", err)
		}
		if err := became(said, len(objects), "unchanged", "configured"); err == nil {
			t.Error("what has just been created is seen as unchanged")
		}
		var made []cluster.Object
		for _, o := range objects {
			if c.Read(t.Context(), o, &struct{}{}) == nil {
				made = append(made, o)
			}
		}
		remove(t, c, made)
		record.Checks(t, 3)
	})
}
