package specfile

import (
	"reflect"
	"strings"

	"kgen.dev/kgen/internal/scalar"
	"kgen.dev/kgen/internal/spec"
)

// SchemaPath is where the schema lies that the file's first line points
// editors to, relative to kgen.yaml.
const SchemaPath = ".kgen/schema.json"

// comments are the lines above the keys below spec.
var comments = map[string][]string{
	"dns":        {"Where pods resolve names; everything else that a pod may send to is listed below."},
	"mesh":       {"What encrypts the traffic between services and checks who is calling."},
	"ingress":    {"The front door: what may reach the services that have hosts, and with which certificates."},
	"monitoring": {"The Prometheus that scrapes the services and evaluates their alerts."},
	"services":   {"One entry a service. A connection that no entry's calls, callers, egress or hosts name stays closed."},
}

// Format prints a model as the kgen.yaml that kgen init writes. It holds what
// n says and no defaults; parsing it gives n again.
func Format(n *spec.Network) []byte {
	out := []string{
		"# yaml-language-server: $schema=" + SchemaPath,
		"# The network of " + commentText(n.Metadata.Name) + ". Edit this file, then run kgen generate: it writes the manifests again.",
	}
	v := reflect.ValueOf(n).Elem()
	for _, f := range tables[v.Type()].fields {
		fv := v.Field(f.index)
		if _, isSpec := fv.Interface().(spec.Spec); !isSpec {
			out = append(out, ownLayout.member(f.key, fv)...)
			continue
		}
		out = append(out, f.key+":")
		out = append(out, indented(ownLayout.mapping(fv, func(key string) []string { return comments[key] }), ownLayout.indent)...)
	}
	return []byte(strings.Join(out, "\n") + "\n")
}

// commentText is text that can stand in a comment: a name that would end it is
// printed in quotes, escaped.
func commentText(s string) string {
	if s == "" {
		return "an application"
	}
	return scalar.Word(s)
}
