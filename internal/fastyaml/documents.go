// Package fastyaml reads the YAML that people and tools write into manifests
// several times faster than the yaml package does, and gives the very same
// nodes: kinds, styles, tags, places and comments. It reads block mappings and
// sequences, flow collections and scalars on one line, literal and folded
// blocks, and comments where it is certain what they belong to. A stream with
// anything else in it, or with any fault, is read by the yaml package.
package fastyaml

import (
	"bytes"
	"errors"
	"io"

	"go.yaml.in/yaml/v3"
)

// Documents reads the documents of a YAML stream as a yaml.Decoder gives them
// when it decodes into nodes: one document node each, empty documents too. The
// nodes are the yaml package's to the last field, and belong to the caller. The
// error is the Decoder's own; the documents before the fault come with it.
func Documents(data []byte) ([]*yaml.Node, error) {
	if documents, ok := plain(data); ok {
		return documents, nil
	}
	return decoded(data)
}

// decoded reads a stream with the yaml package.
func decoded(data []byte) ([]*yaml.Node, error) {
	var documents []*yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	for {
		document := new(yaml.Node)
		if err := decode(decoder, document); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return documents, err
		}
		documents = append(documents, document)
	}
}

// errPanic stands for the panics of the yaml package, which does not expect some
// broken texts.
var errPanic = errors.New("yaml: the text cannot be read")

func decode(decoder *yaml.Decoder, document *yaml.Node) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanic
		}
	}()
	return decoder.Decode(document)
}
