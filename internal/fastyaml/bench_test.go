package fastyaml_test

import (
	"testing"

	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/fastyaml"
)

// BenchmarkDocuments reads every YAML file of a repository of 300 services, by
// this package and by the yaml package.
func BenchmarkDocuments(b *testing.B) {
	files := repository(b, 300)
	var bytes int64
	for _, data := range files {
		bytes += int64(len(data))
	}
	for _, reader := range []struct {
		name string
		read func([]byte) ([]*yaml.Node, error)
	}{{"fastyaml", fastyaml.Documents}, {"yaml", oracle}} {
		b.Run(reader.name, func(b *testing.B) {
			b.SetBytes(bytes)
			b.ReportAllocs()
			for b.Loop() {
				for _, data := range files {
					if documents, err := reader.read(data); err != nil || len(documents) == 0 {
						b.Fatal(documents, err)
					}
				}
			}
		})
	}
}
