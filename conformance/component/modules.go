package component

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"kgen.dev/kgen/conformance/record"
)

// Modules returns the folders of the modules that a component's go.mod requires,
// by module path, as the module cache holds them. Such a component has no
// program: it pins the versions of files that are read, not built.
func Modules(t testing.TB, name string) map[string]string {
	t.Helper()
	s, err := machine()
	if err != nil {
		t.Fatalf("finding the modules of %s: %v", name, err)
	}
	folders, err := modules(t.Context(), filepath.Join(s.sources, name))
	if err != nil {
		t.Fatalf("finding the modules of %s: %v", name, err)
	}
	record.Uses(t, name, "")
	return folders
}

func modules(ctx context.Context, source string) (map[string]string, error) {
	if _, err := os.Stat(filepath.Join(source, "go.mod")); err != nil {
		return nil, fmt.Errorf("no such component: %w", err)
	}
	out, err := run(ctx, source, "mod", "download", "-json")
	if err != nil {
		return nil, fmt.Errorf("%w\nits module is %s; the first run needs the module proxy", err, source)
	}
	folders := map[string]string{}
	decoder := json.NewDecoder(bytes.NewReader(out))
	for {
		var m struct{ Path, Dir string }
		if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading what go mod download says: %w", err)
		}
		folders[m.Path] = m.Dir
	}
	if len(folders) == 0 {
		return nil, fmt.Errorf("%s requires no module", filepath.Join(source, "go.mod"))
	}
	return folders, nil
}
