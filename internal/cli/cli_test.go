package cli

import (
	"bytes"
	"context"
	"errors"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/specfile"
)

func commands() *cobra.Command { return newRoot(&shell{format: newFormat()}) }

func TestEveryCommandExplainsItself(t *testing.T) {
	walk(commands(), func(cmd *cobra.Command) {
		if cmd.IsAdditionalHelpTopicCommand() {
			if cmd.Long == "" || cmd.Short == "" {
				t.Errorf("topic %s is empty", cmd.Name())
			}
			return
		}
		for what, text := range map[string]string{"Short": cmd.Short, "Long": cmd.Long, "Example": cmd.Example} {
			if text == "" {
				t.Errorf("%s has no %s", cmd.CommandPath(), what)
			}
		}
		if !strings.Contains(cmd.Example, cmd.Root().Name()) {
			t.Errorf("the example of %s runs something else:\n%s", cmd.CommandPath(), cmd.Example)
		}
		for _, line := range strings.Split(cmd.Long+"\n"+cmd.Example, "\n") {
			if len(line) > 100 {
				t.Errorf("%s: a line of its help is too long for a terminal: %s", cmd.CommandPath(), line)
			}
		}
	})
}

func TestReferenceHoldsEveryCommand(t *testing.T) {
	page := string(Reference())
	walk(commands(), func(cmd *cobra.Command) {
		if cmd.HasAvailableSubCommands() || cmd.Name() == "help" {
			return
		}
		want := "## " + cmd.CommandPath()
		if cmd.IsAdditionalHelpTopicCommand() {
			want = "## Topic: " + cmd.Name()
		}
		if !strings.Contains(page, "\n"+want+"\n") {
			t.Errorf("%q is missing", want)
		}
	})
	for _, flag := range []string{"--chdir", "--called-by", "--check", "--templates", "--from"} {
		if !strings.Contains(page, flag) {
			t.Errorf("%s is missing", flag)
		}
	}
}

func TestTheModelTopicShowsAGoodModel(t *testing.T) {
	lines := strings.Split(modelExample, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], "  ")
	}
	file, errs := specfile.Parse("kgen.yaml", []byte(strings.Join(lines, "\n")))
	if diff := cmp.Diff("", append(errs, file.Warnings...).Error()); diff != "" {
		t.Fatal(diff)
	}
	if _, err := gen.Render(file.Network, gen.Options{}); err != nil {
		t.Error(err)
	}
}

// full is a device without space.
type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWhatCannotBePrintedIsAnError(t *testing.T) {
	for _, args := range []string{"schema", "version", "version -o json", "completion bash", "completion zsh", "help", "help exit-codes", "init --help"} {
		var said bytes.Buffer
		code := Main(context.Background(), IO{In: strings.NewReader(""), Out: full{}, Err: &said}, strings.Fields(args))
		if code != exitBadInput || !strings.Contains(said.String(), "kgen: no space left\n") {
			t.Errorf("kgen %s: exit code %d, and it said %q", args, code, &said)
		}
	}
}

func TestRunsShareNothing(t *testing.T) {
	run := func(args ...string) string {
		var out, said bytes.Buffer
		if code := Main(context.Background(), IO{In: strings.NewReader(""), Out: &out, Err: &said}, args); code != exitDone {
			t.Fatalf("kgen %v: exit code %d, and it said %q", args, code, &said)
		}
		return out.String()
	}
	before := run("version")
	if json := run("version", "-o", "json"); json == before {
		t.Fatalf("-o json changes nothing: %s", json)
	}
	if diff := cmp.Diff(before, run("version")); diff != "" {
		t.Errorf("a flag of one run shows in the next:\n%s", diff)
	}
}

func TestVersionOf(t *testing.T) {
	built := &debug.BuildInfo{
		Main: debug.Module{Version: "v1.2.3"},
		Deps: []*debug.Module{{Path: "example.com/other", Version: "v9.0.0"}, {Path: "sigs.k8s.io/kustomize/api", Version: "v0.21.2"}},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}, {Key: "GOOS", Value: "plan9"},
		},
	}
	none := versionOf(nil)
	want := none
	want.Version, want.Kustomize, want.Revision, want.Modified = "v1.2.3", "v0.21.2", "abc", true
	if diff := cmp.Diff(want, versionOf(built)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if none.Version != "unknown" || none.Kustomize != "unknown" {
		t.Errorf("without build information: %+v", none)
	}
}
