package fastyaml_test

import (
	"testing"
)

// FuzzDocuments holds the law for any bytes.
func FuzzDocuments(f *testing.F) {
	for _, c := range cases {
		f.Add([]byte(c.text))
	}
	for _, data := range folder(f, "../../examples/mixed") {
		if len(data) < 4000 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { law(t, data) })
}
