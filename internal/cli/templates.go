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
them, changed, replaces the built-in one where --templates names its folder.`,
		Example: "  kgen templates export my-templates",
		Args:    unknownCommand,
		RunE:    commandMissing,
	}
	export := &cobra.Command{
		Use:   "export DIR",
		Short: "Write the built-in templates to a folder",
		Long: `Export writes every built-in template to DIR, laid out as the tree that they
make. Change the ones that you want to be different, delete the others, and give
the folder to init, add service and generate with --templates DIR: what is in
it is used, and the rest stays built in.

Nothing is written if any of the files is there already.`,
		Example: `  kgen templates export my-templates
  kgen generate --templates my-templates`,
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
			taken = append(taken, inTheWay(path))
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
	sh.say("\nWrote %s to %s. To use them, changed or not:\n  kgen generate --templates %s", files(len(ops)), dir, dir)
	return nil
}
