package fastyaml_test

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/fastyaml"
)

// oracle reads a stream with the yaml package, one Decode a document. That
// package panics on some broken texts.
func oracle(data []byte) (documents []*yaml.Node, err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("yaml: the text cannot be read")
		}
	}()
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		var document yaml.Node
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return documents, nil
		} else if err != nil {
			return documents, err
		}
		documents = append(documents, &document)
	}
}

// law holds what Documents promises for one stream: the nodes and the error of
// the yaml package. It tells whether the fast reader read it, which it must not
// where there is an error.
func law(t testing.TB, data []byte) (fast bool) {
	t.Helper()
	want, wantErr := oracle(data)
	got, gotErr := fastyaml.Documents(data)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("nodes of %q differ (-yaml +fastyaml):\n%s", data, cmp.Diff(want, got))
	}
	if !reflect.DeepEqual(gotErr, wantErr) {
		t.Errorf("error of %q: %v, the yaml package's is %v", data, gotErr, wantErr)
	}
	_, fast = fastyaml.Plain(data)
	if fast && wantErr != nil {
		t.Errorf("%q was read, and is an error: %v", data, wantErr)
	}
	return fast
}
