package cli

import (
	"io"

	"github.com/spf13/cobra"
)

// A script writes the completion of one shell.
type script struct {
	shell string
	write func(root *cobra.Command, w io.Writer) error
}

func scripts() []script {
	return []script{
		{"bash", func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) }},
		{"zsh", func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) }},
		{"fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) }},
		{"powershell", func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) }},
	}
}

func newCompletion(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "completion",
		Short: "Print the completion script of a shell",
		Long: `Completion prints a script that makes a shell complete kgen's commands, flags
and the names of the services in kgen.yaml.`,
		Example: `  source <(kgen completion bash)
  kgen completion zsh > "${fpath[1]}/_kgen"
  kgen completion fish > ~/.config/fish/completions/kgen.fish`,
		Args: unknownCommand,
		RunE: commandMissing,
	}
	for _, s := range scripts() {
		cmd.AddCommand(&cobra.Command{
			Use:     s.shell,
			Short:   "Print the completion script of " + s.shell,
			Long:    "Print the completion script of " + s.shell + " to the standard output.",
			Example: "  kgen completion " + s.shell,
			Args:    exactly(),
			RunE: func(cmd *cobra.Command, _ []string) error {
				return s.write(cmd.Root(), sh.Out)
			},
		})
	}
	return cmd
}
