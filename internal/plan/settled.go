package plan

import (
	"fmt"

	"kgen.dev/kgen/internal/tree"
)

// Settled are files of an archive that stay as they are, in the order of their
// paths.
type Settled struct {
	Archive []byte
	Parts   []Part
}

// BaseOf is the base of some of an archive's files, given where in it they are.
// What stands there must be that file as FormatBase writes it.
func BaseOf(archive []byte, parts []Part) (*Base, error) {
	t := tree.New()
	for _, p := range parts {
		if p.From < 0 || p.From > p.To || p.To > len(archive) {
			return nil, fmt.Errorf("%s is not where it should be in %s", p.Path, BasePath)
		}
		text := append([]byte(baseHead), archive[p.From:p.To]...)
		file, err := parseArchive(text)
		if err != nil {
			return nil, err
		}
		data, ok := file.File(p.Path)
		if !ok || file.Len() != 1 {
			return nil, fmt.Errorf("%s is not where it should be in %s", p.Path, BasePath)
		}
		if err := t.Add(p.Path, data); err != nil {
			return nil, err
		}
	}
	return NewBase(t), nil
}
