package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/gen"
	"kgen.dev/kgen/internal/reach"
	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/specfile"
)

// runDiffReach compares what is allowed here with what a git revision, or
// another folder, allows; or what two folders allow.
func runDiffReach(ctx context.Context, sh *shell, cmd *cobra.Command, flags diffFlags, args []string) error {
	against := "HEAD"
	if len(args) > 0 {
		against = args[0]
	}
	if strings.Contains(flags.environments, ",") {
		return fmt.Errorf("--env %s: with --reach name one environment; two are compared by their folders: kgen diff --reach %s", flags.environments, environmentDirs(flags.environments))
	}
	looked, paths := judging{environment: flags.environments}, []string(nil)
	if len(args) > 1 {
		if flags.environments != "" {
			return errors.New("--env is for the repository that kgen runs in: name the environments' folders")
		}
		for _, dir := range args {
			if info, err := os.Stat(sh.path(dir)); err != nil || !info.IsDir() {
				return fmt.Errorf("%s: it is no folder; a git revision is compared with the repository that kgen runs in", dir)
			}
		}
		looked, paths = judging{}, args[1:]
	}
	after, err := sh.judge(ctx, cmd, looked, paths)
	if err != nil {
		return err
	}
	before, err := sh.earlier(ctx, cmd, after, against)
	if err != nil {
		return fmt.Errorf("%s: %w", against, err)
	}
	var d reach.Difference
	if err := sh.during("comparing connections", func() error {
		d = reach.CompareParties(before.connections(reach.All), after.connections(reach.All), serviceOf(before, after))
		d.Opened, d.Closed = aboutApplication(d.Opened), aboutApplication(d.Closed)
		return nil
	}); err != nil {
		return err
	}
	if err := sh.printReachDiff(d, against, flags.form.word); err != nil {
		return err
	}
	if !d.IsEmpty() {
		return &refusal{}
	}
	sh.say("the same connections are allowed as in %s", against)
	return nil
}

// serviceOf names the service of kgen.yaml whose pods a workload is, for all of
// its versions alike: that one of them comes or goes says nothing of who may
// talk to the service. Any other workload is its own.
func serviceOf(sides ...*judged) func(*reach.Workload) string {
	names := map[*reach.Workload]string{}
	for _, j := range sides {
		for _, w := range j.inventory.Workloads {
			if w.Service != nil {
				names[&w.Workload] = w.Namespace + "/" + w.Service.Name
			}
		}
	}
	return func(w *reach.Workload) string {
		if name, known := names[w]; known {
			return name
		}
		return w.Text()
	}
}

// environmentDirs are the folders of environments, as one types them.
func environmentDirs(names string) string {
	var out []string
	for name := range strings.SplitSeq(names, ",") {
		out = append(out, gen.EnvironmentDir(strings.TrimSpace(name)))
	}
	return strings.Join(out, " ")
}

// aboutApplication leaves out what others do with each other.
func aboutApplication(list []reach.Connection) []reach.Connection {
	return slices.DeleteFunc(list, func(c reach.Connection) bool { return foreign(c.From) && foreign(c.To) })
}

func (sh *shell) printReachDiff(d reach.Difference, against, form string) error {
	switch form {
	case "json":
		rows := func(list []reach.Connection) []connectionRow {
			out := []connectionRow{}
			for _, c := range list {
				out = append(out, rowOf(c))
			}
			return out
		}
		return sh.document(struct {
			Against string          `json:"against"`
			Opened  []connectionRow `json:"opened"`
			Closed  []connectionRow `json:"closed"`
			Exposed []connectionRow `json:"exposed"` // those of opened that come from outside
		}{against, rows(d.Opened), rows(d.Closed), rows(d.Exposed())})
	case "markdown":
		_, err := io.WriteString(sh.Out, d.Markdown())
		return err
	}
	_, err := io.WriteString(sh.Out, d.Text())
	return err
}

// earlier reads what to compare with: a folder, or the repository as a git
// revision has it. What the other side has in the model counts there.
func (sh *shell) earlier(ctx context.Context, cmd *cobra.Command, now *judged, against string) (*judged, error) {
	if info, err := os.Stat(sh.path(against)); err == nil && info.IsDir() {
		dir := against
		if now.env != "" {
			dir = filepath.Join(against, filepath.FromSlash(gen.EnvironmentDir(now.env)))
		}
		return sh.judge(ctx, cmd, judging{}, []string{dir})
	}
	if now.repo == "" {
		return nil, errors.New("it is no folder, and there is no repository here whose revision it could be")
	}
	files, err := revision(ctx, now.repo, against)
	if err != nil {
		return nil, err
	}
	j := &judged{env: now.env}
	dir := "."
	if j.env != "" {
		dir = gen.EnvironmentDir(j.env)
	}
	if data, has := files.File(modelFile); has {
		model, errs := specfile.Parse(against+":"+modelFile, data)
		if err := errs.Err(); err != nil {
			return nil, err
		}
		j.network = model.Network
		if j.env != "" {
			if j.network, err = model.Network.For(j.env); err != nil {
				return nil, err
			}
		}
	}
	if j.source, err = source.FromTree(ctx, files, dir); err != nil {
		return nil, err
	}
	if err := j.source.Findings.Err(); err != nil {
		return nil, err
	}
	return j, j.take(sh)
}
