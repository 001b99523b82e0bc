// Command istio-validate reads a YAML stream and says of every Istio object in it
// what istiod's validating webhook would say: each error and each warning on a
// line, and at the end how many objects it has judged. Other objects are passed
// over. It exits with 1 if there was anything to say.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"istio.io/istio/pilot/pkg/config/kube/crd"
	"istio.io/istio/pkg/config/schema/collections"
	"istio.io/istio/pkg/config/schema/resource"
	"sigs.k8s.io/yaml"
)

func main() {
	stream, err := io.ReadAll(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	judged, said := 0, 0
	for _, text := range bytes.Split(append([]byte("\n"), stream...), []byte("\n---\n")) {
		name, findings := judge(text)
		if name == "" {
			continue
		}
		judged++
		for _, f := range findings {
			said++
			fmt.Printf("%s: %s\n", name, f)
		}
	}
	fmt.Printf("%d objects judged\n", judged)
	if said > 0 {
		os.Exit(1)
	}
}

// judge returns an Istio object's name and what there is to say of it; no name
// stands for an object that is not Istio's.
func judge(text []byte) (name string, findings []string) {
	data, err := yaml.YAMLToJSON(text)
	if err != nil {
		return "a document", []string{err.Error()}
	}
	var object crd.IstioKind
	if err := json.Unmarshal(data, &object); err != nil {
		return "a document", []string{err.Error()}
	}
	gvk := object.GroupVersionKind()
	if !strings.HasSuffix(gvk.Group, ".istio.io") {
		return "", nil
	}
	name = gvk.Kind + " " + object.Namespace + "/" + object.Name
	schema, known := collections.Pilot.FindByGroupVersionAliasesKind(resource.FromKubernetesGVK(&gvk))
	if !known {
		return name, []string{"error: Istio has no " + gvk.String()}
	}
	config, err := crd.ConvertObject(schema, &object, "cluster.local")
	if err != nil {
		return name, []string{"error: " + err.Error()}
	}
	warning, err := schema.ValidateConfig(*config)
	if err != nil {
		findings = append(findings, "error: "+err.Error())
	}
	if warning != nil {
		findings = append(findings, "warning: "+warning.Error())
	}
	return name, findings
}
