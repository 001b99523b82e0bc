package cli

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/plan"
	"kgen.dev/kgen/internal/txn"
	"kgen.dev/kgen/templates"
)

func newTemplates(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "templates",
		Short: "Work with the templates of the manifests",
		Long: `Templates is about the templates that manifests are made from. A copy of any of
them, changed, replaces the built-in one: keep your copies in .kgen/templates and
they are always used; --templates uses others for one run.`,
		Example: "  kgen templates export my-templates",
		Args:    unknownCommand,
		RunE:    commandMissing,
	}
	export := &cobra.Command{
		Use:   "export DIR",
		Short: "Write the built-in templates to a folder",
		Long: `Export writes every built-in template to DIR, laid out as the tree that they
make. Change the ones that you want to be different and delete the others: what is
left replaces the built-in templates, and the rest stays built in. Keep your copies
in .kgen/templates and they are always used; --templates uses others for one run.

Nothing is written if any of the files is there already.`,
		Example: `  kgen templates export .kgen/templates
  kgen templates export my-templates
  kgen generate --templates my-templates --dry-run`,
		Args:              exactly("DIR"),
		ValidArgsFunction: onlyDirs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runExport(cmd.Context(), sh, args[0])
		},
	}
	addOutput(export, sh)
	cmd.AddCommand(export)
	return cmd
}

func runExport(ctx context.Context, sh *shell, dir string) error {
	at := sh.path(dir)
	unlock, err := txn.Lock(ctx, at, nil)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := txn.Recover(at); err != nil {
		return err
	}
	var ops []txn.Op
	var changes []plan.Change
	var taken diag.List
	err = fs.WalkDir(templates.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(templates.FS, path)
		if err != nil {
			return err
		}
		if _, err := os.Lstat(filepath.Join(at, filepath.FromSlash(path))); err == nil {
			taken = append(taken, inTheWay(sh.shown(filepath.Join(at, filepath.FromSlash(path)))))
		}
		changes = append(changes, plan.Change{Path: path, Action: plan.Create})
		ops = append(ops, txn.Op{Path: path, Data: data, Seen: &txn.Seen{}})
		return nil
	})
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return &refusal{reasons: taken, note: "nothing was written"}
	}
	if err := txn.Apply(ctx, at, ops); err != nil {
		return err
	}
	if err := sh.list(changes, true); err != nil {
		return err
	}
	sh.say("\nWrote %s to %s: change what should be different and delete the rest.\nThen %s; --templates %s uses them for one run.", files(len(ops)), dir, keepTemplates, dir)
	return nil
}
