package gen

import (
	"bytes"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"kgen.dev/kgen/internal/spec"
)

// checked is what kgen makes of a model of one service with these checks.
func checked(t *testing.T, ci spec.CIProvider) map[string]string {
	t.Helper()
	n := &spec.Network{APIVersion: "kgen.dev/v1alpha1", Kind: "Network"}
	n.Metadata.Name = "shop"
	n.Spec.CI = ci
	n.Spec.Services = []spec.Service{{Name: "web", Ports: []spec.Port{{Port: 80}}}}
	n.Spec.Environments = []spec.Environment{{Name: "staging", Namespace: "shop-staging", Application: "shop-staging"}}
	files, err := Render(n, Options{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name, data := range files.All() {
		if strings.HasPrefix(name, ".") || strings.Contains(name, "/.") {
			out[name] = string(data)
		}
	}
	return out
}

// TestChecksWhere: each provider's file where that provider looks, none without
// one, and none in an environment's own tree.
func TestChecksWhere(t *testing.T) {
	for ci, want := range map[spec.CIProvider][]string{
		"":          nil,
		spec.GitHub: {".github/workflows/kgen.yaml", ".pre-commit-config.yaml"},
		spec.GitLab: {".gitlab/kgen.gitlab-ci.yml", ".pre-commit-config.yaml"},
	} {
		if diff := cmp.Diff(want, slices.Sorted(maps.Keys(checked(t, ci)))); diff != "" {
			t.Errorf("ci %q (-want +got):\n%s", ci, diff)
		}
	}
}

// workflow is what the tests look at of a workflow.
type workflow struct {
	Permissions map[string]string `yaml:"permissions"`
	Jobs        map[string]struct {
		Permissions map[string]string `yaml:"permissions"`
		Steps       []struct {
			Name string            `yaml:"name"`
			Uses string            `yaml:"uses"`
			Run  string            `yaml:"run"`
			With map[string]string `yaml:"with"`
		} `yaml:"steps"`
	} `yaml:"jobs"`
}

func readWorkflow(t *testing.T) (w workflow, scripts map[string]string) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(checked(t, spec.GitHub)[".github/workflows/kgen.yaml"]), &w); err != nil {
		t.Fatal(err)
	}
	scripts = map[string]string{}
	for _, job := range w.Jobs {
		for _, s := range job.Steps {
			if s.Run != "" {
				scripts[s.Name] = s.Run
			}
		}
	}
	return w, scripts
}

// TestWorkflowIsHarmless: it may write the findings and the comment and nothing
// else, leaves no token behind, takes actions by their major version, and lets
// nothing that anybody names be a part of a script.
func TestWorkflowIsHarmless(t *testing.T) {
	w, scripts := readWorkflow(t)
	granted := map[string]map[string]string{"": w.Permissions}
	pinned := regexp.MustCompile(`^(actions/(checkout|setup-go)|github/codeql-action/upload-sarif)@v[0-9]+$`)
	for name, job := range w.Jobs {
		granted[name] = job.Permissions
		for _, s := range job.Steps {
			if s.Uses != "" && !pinned.MatchString(s.Uses) {
				t.Errorf("%s uses %s", name, s.Uses)
			}
			if strings.HasPrefix(s.Uses, "actions/checkout@") && s.With["persist-credentials"] != "false" {
				t.Errorf("%s: checkout leaves its token in the working copy", name)
			}
		}
	}
	if diff := cmp.Diff(map[string]map[string]string{
		"":      {"contents": "read"},
		"check": {"contents": "read", "security-events": "write"},
		"reach": {"contents": "read", "pull-requests": "write"},
	}, granted); diff != "" {
		t.Errorf("permissions (-want +got):\n%s", diff)
	}
	for name, script := range scripts {
		if strings.Contains(script, "${{") {
			t.Errorf("%q: an expression in a script is put there before the shell reads it:\n%s", name, script)
		}
	}
	for _, want := range []string{"kgen generate --check", "kgen audit -o github -o sarif=kgen.sarif", "kgen test", `kustomize build "$dir"`, "kgen diff --reach"} {
		if !strings.Contains(strings.Join([]string{scripts["The files are what kgen.yaml says"], scripts["No rule finds an error"], scripts["Each alert fires, and stays quiet"], scripts["They build"], scripts["What opens and what closes"]}, "\n"), want) {
			t.Errorf("no step runs %s", want)
		}
	}
}

// gitlabJob is what the tests look at of a job.
type gitlabJob struct {
	Script    []string `yaml:"script"`
	After     []string `yaml:"after_script"`
	Artifacts struct {
		Reports map[string]string `yaml:"reports"`
	} `yaml:"artifacts"`
}

func readGitLab(t *testing.T) map[string]gitlabJob {
	t.Helper()
	var all map[string]yaml.Node
	if err := yaml.Unmarshal([]byte(checked(t, spec.GitLab)[".gitlab/kgen.gitlab-ci.yml"]), &all); err != nil {
		t.Fatal(err)
	}
	out := map[string]gitlabJob{}
	for name, node := range all {
		var job gitlabJob
		if !strings.HasPrefix(name, "kgen:") {
			continue
		}
		if err := node.Decode(&job); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = job
	}
	return out
}

// TestGitLabReports: each report that a job hands over is one that it writes.
func TestGitLabReports(t *testing.T) {
	got := map[string]map[string]string{}
	for name, job := range readGitLab(t) {
		if len(job.Artifacts.Reports) > 0 {
			got[name] = job.Artifacts.Reports
		}
		scripts := strings.Join(append(job.Script, job.After...), "\n")
		for _, file := range job.Artifacts.Reports {
			if start, end, _ := strings.Cut(file, "*"); !strings.Contains(scripts, start) || !strings.Contains(scripts, end) {
				t.Errorf("%s writes no %s", name, file)
			}
		}
	}
	if diff := cmp.Diff(map[string]map[string]string{
		"kgen:audit": {"junit": "kgen-audit*.xml", "codequality": "kgen-codequality.json"},
		"kgen:test":  {"junit": "kgen-test.xml"},
	}, got); diff != "" {
		t.Errorf("reports (-want +got):\n%s", diff)
	}
}

// A stage is a folder in which a script of the checks runs, with programs of
// the tests' own in the place of kgen, git, gh and curl: each writes down how it was called.
type stage struct{ dir string }

func newStage(t *testing.T, programs map[string]string) stage {
	t.Helper()
	s := stage{t.TempDir()}
	for name, text := range programs {
		s.write(t, "bin/"+name, "#!/bin/sh\nprintf '%s' "+name+" >> \"$STAGE/calls\"\nprintf ' %s' \"$@\" >> \"$STAGE/calls\"\necho >> \"$STAGE/calls\"\n"+text+"\n")
	}
	return s
}

func (s stage) write(t *testing.T, name, text string) {
	t.Helper()
	file := filepath.Join(s.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
}

func (s stage) read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return string(data)
}

// run runs a script as GitHub runs one with shell: bash.
func (s stage) run(t *testing.T, script string, env ...string) error {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), append(env, "STAGE="+s.dir, "PATH="+filepath.Join(s.dir, "bin")+":"+os.Getenv("PATH"),
		"GITHUB_STEP_SUMMARY="+filepath.Join(s.dir, "summary"), "GITHUB_REPOSITORY=shop/network", "NUMBER=7")...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	if err != nil {
		t.Logf("%s", said.String())
	}
	return err
}

// TestReachScript runs the script that compares: what is different is said, by
// environment where it is there on both sides; an error of kgen's is an error.
func TestReachScript(t *testing.T) {
	_, scripts := readWorkflow(t)
	const head = "<!-- kgen diff --reach -->\n## Who may talk to whom\n\n"
	for _, tt := range []struct {
		name, kgen, git string
		fails           bool
		want, calls     string
	}{
		{
			name: "nothing is different", kgen: "exit 0", git: "exit 0",
			want:  head + "The same connections are allowed as before.\n",
			calls: "git cat-file -e HEAD^1:kgen.yaml\nkgen diff --reach HEAD^1 -o markdown\ngit cat-file -e HEAD^1:environments/$(touch pwned)/kustomization.yaml\nkgen diff --reach HEAD^1 -o markdown --env $(touch pwned)\n",
		},
		{
			name: "an environment opens something", kgen: `case "$*" in *--env*) echo opens; exit 1;; esac`, git: "exit 0",
			want:  head + "### Environment $(touch pwned)\n\nopens\n\n",
			calls: "git cat-file -e HEAD^1:kgen.yaml\nkgen diff --reach HEAD^1 -o markdown\ngit cat-file -e HEAD^1:environments/$(touch pwned)/kustomization.yaml\nkgen diff --reach HEAD^1 -o markdown --env $(touch pwned)\n",
		},
		{
			name: "the environment is new", kgen: "echo opens; exit 1", git: `case "$*" in *environments*) exit 1;; esac`,
			want:  head + "### The base\n\nopens\n\n",
			calls: "git cat-file -e HEAD^1:kgen.yaml\nkgen diff --reach HEAD^1 -o markdown\ngit cat-file -e HEAD^1:environments/$(touch pwned)/kustomization.yaml\n",
		},
		{
			name: "the model is new", kgen: "exit 3", git: "exit 1",
			want:  head + "There was no kgen.yaml before.\n",
			calls: "git cat-file -e HEAD^1:kgen.yaml\n",
		},
		{
			name: "kgen cannot read it", kgen: "exit 2", git: "exit 0", fails: true,
			want:  head,
			calls: "git cat-file -e HEAD^1:kgen.yaml\nkgen diff --reach HEAD^1 -o markdown\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, map[string]string{"kgen": tt.kgen, "git": tt.git})
			s.write(t, "environments/$(touch pwned)/kustomization.yaml", "")
			if err := s.run(t, scripts["What opens and what closes"]); (err != nil) != tt.fails {
				t.Errorf("it ends with %v", err)
			}
			if diff := cmp.Diff(tt.want, s.read(t, "reach.md")); diff != "" {
				t.Errorf("the comment (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.calls, s.read(t, "calls")); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
			if !tt.fails && s.read(t, "summary") != tt.want {
				t.Errorf("the summary is %q", s.read(t, "summary"))
			}
			if _, err := os.Stat(filepath.Join(s.dir, "pwned")); err == nil {
				t.Error("the name of a folder was run")
			}
		})
	}
	// GitLab's job says the same; without a token it stops there.
	t.Run("in GitLab's job", func(t *testing.T) {
		s := newStage(t, map[string]string{"kgen": `case "$*" in *--env*) echo opens; exit 1;; esac`, "git": "exit 0", "curl": "exit 1"})
		s.write(t, "environments/staging/kustomization.yaml", "")
		if err := s.run(t, readGitLab(t)["kgen:reach"].Script[0], "CI_MERGE_REQUEST_DIFF_BASE_SHA=c0ffee", "KGEN_GITLAB_TOKEN="); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(head+"### Environment staging\n\nopens\n\n", s.read(t, "reach.md")); diff != "" {
			t.Errorf("the note (-want +got):\n%s", diff)
		}
		const calls = "git cat-file -e c0ffee:kgen.yaml\nkgen diff --reach c0ffee -o markdown\n" +
			"git cat-file -e c0ffee:environments/staging/kustomization.yaml\nkgen diff --reach c0ffee -o markdown --env staging\n"
		if diff := cmp.Diff(calls, s.read(t, "calls")); diff != "" {
			t.Errorf("calls (-want +got):\n%s", diff)
		}
	})
	t.Run("more than a comment holds", func(t *testing.T) {
		s := newStage(t, map[string]string{"kgen": "head -c 70000 /dev/zero | tr '\\0' x; exit 1", "git": "exit 0"})
		if err := s.run(t, scripts["What opens and what closes"]); err != nil {
			t.Fatal(err)
		}
		want := head + "More opens and closes than a comment holds: see the summary of the workflow run.\n"
		if diff := cmp.Diff(want, s.read(t, "reach.md")); diff != "" {
			t.Errorf("the comment (-want +got):\n%s", diff)
		}
		if n := len(s.read(t, "summary")); n < 70000 {
			t.Errorf("the summary has %d bytes", n)
		}
	})
}

// TestCommentScript runs the script that comments: one comment, kept up to date,
// and none where there is nothing to say.
func TestCommentScript(t *testing.T) {
	_, scripts := readWorkflow(t)
	for _, tt := range []struct {
		name, gh  string
		different bool
		want      string // the last call
	}{
		{"the first", "", true, "gh api --silent --method POST repos/shop/network/issues/7/comments --field body=@reach.md"},
		{"nothing to say", "", false, ""},
		{"there is one", "printf '41\\n42\\n'", true, "gh api --silent --method PATCH repos/shop/network/issues/comments/41 --field body=@reach.md"},
		{"nothing is left to say", "echo 41", false, "gh api --silent --method PATCH repos/shop/network/issues/comments/41 --field body=@reach.md"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, map[string]string{"gh": `case "$*" in *--jq*) ` + tt.gh + `;; esac`})
			if tt.different {
				s.write(t, "different", "")
			}
			if err := s.run(t, scripts["Say it in the pull request"]); err != nil {
				t.Fatal(err)
			}
			var writes []string
			for line := range strings.Lines(s.read(t, "calls")) {
				if strings.Contains(line, "--method") {
					writes = append(writes, strings.TrimSpace(line))
				}
			}
			if got := strings.Join(writes, "\n"); got != tt.want {
				t.Errorf("it calls %q, want %q", got, tt.want)
			}
		})
	}
}
