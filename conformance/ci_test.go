package conformance

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/component"
	"kgen.dev/kgen/conformance/record"
)

// lint is what actionlint has to say of a workflow, alone as it is: scripts are
// not handed to other programs that may happen to be here.
func lint(t *testing.T, actionlint, workflow string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kgen.yaml")
	if err := os.WriteFile(file, []byte(workflow), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), actionlint, "-no-color", "-shellcheck=", "-pyflakes=", file).CombinedOutput()
	if err == nil && len(out) > 0 {
		t.Fatalf("actionlint is content and says\n%s", out)
	}
	if err != nil && len(out) == 0 {
		t.Fatal(err)
	}
	return string(out)
}

// TestWorkflow: the workflow for GitHub is one to actionlint, which knows keys,
// permissions, contexts and functions, and what must not stand in a script.
func TestWorkflow(t *testing.T) {
	record.Start(t, record.Models, "actionlint has nothing to say of the workflow for GitHub, and sees what is broken on purpose")
	actionlint := component.Build(t, "actionlint")
	all := models(t)
	i := slices.IndexFunc(all, func(m *model) bool { _, has := m.tree.File(".github/workflows/kgen.yaml"); return has })
	if i < 0 {
		t.Fatal("no model has a workflow")
	}
	data, _ := all[i].tree.File(".github/workflows/kgen.yaml")
	workflow := string(data)
	if said := lint(t, actionlint, workflow); said != "" {
		t.Error(said)
	}
	record.Checks(t, 1)
	for _, tt := range []struct{ name, old, new, want string }{
		{"a key that there is not", "timeout-minutes:", "timeout-hours:", `unexpected key "timeout-hours"`},
		{"a function that there is not", "hashFiles(", "hashFile(", `undefined function "hashFile"`},
		{"a permission that there is not", "pull-requests: write", "pull-request: write", `unknown permission scope "pull-request"`},
		{"a context that there is not", "if: github.event_name ==", "if: git.event_name ==", `undefined variable "git"`},
		{"a title in a script", "echo '## Who", "echo '${{ github.event.pull_request.title }} ## Who", `potentially untrusted`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken := strings.ReplaceAll(workflow, tt.old, tt.new)
			if broken == workflow {
				t.Fatalf("there is no %q", tt.old)
			}
			if said := lint(t, actionlint, broken); !strings.Contains(said, tt.want) {
				t.Errorf("actionlint says %q, and nothing of %q", said, tt.want)
			}
			record.Checks(t, 1)
		})
	}
}
