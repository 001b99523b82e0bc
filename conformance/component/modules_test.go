package component

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestModules: a module's folder holds the module's files.
func TestModules(t *testing.T) {
	// One that this module needs itself, so that it is at hand.
	const module, version = "github.com/google/go-cmp", "v0.7.0"
	source := t.TempDir()
	text := "module example.test/files\n\ngo 1.26.0\n\nrequire " + module + " " + version + "\n"
	if err := os.WriteFile(filepath.Join(source, "go.mod"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	folders, err := modules(t.Context(), source)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folders[module], "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	first, _, _ := strings.Cut(string(data), "\n")
	if diff := cmp.Diff("module "+module, first); diff != "" {
		t.Error(diff)
	}
}

func TestModulesSaysWhatIsMissing(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"component", "", "no such component"},
		{"requirement", "module example.test/files\n\ngo 1.26.0\n", "requires no module"},
		{"module", "module example.test/files\n\ngo 1.26.0\n\nrequire example.test/nobody/has v1.0.0\n", "example.test/nobody/has"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			source := t.TempDir()
			if tt.text != "" {
				if err := os.WriteFile(filepath.Join(source, "go.mod"), []byte(tt.text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			folders, err := modules(t.Context(), source)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("modules gives %q and error %v, want one with %q", folders, err, tt.want)
			}
		})
	}
}
