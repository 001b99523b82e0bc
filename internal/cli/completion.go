package cli

import (
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// A script writes the completion of one shell.
type script struct {
	shell string
	write func(root *cobra.Command, w io.Writer) error
	load  string // how the shell comes to use it
	once  string // the same, for the running shell alone
}

func scripts() []script {
	return []script{
		{
			"bash", func(root *cobra.Command, w io.Writer) error { return root.GenBashCompletionV2(w, true) },
			`It needs the package bash-completion, which your system's package manager
installs (apt, dnf, pacman, brew: bash-completion; on macOS together with a newer
bash). For every new shell, put the script where bash-completion looks:

  mkdir -p ~/.local/share/bash-completion/completions
  kgen completion bash > ~/.local/share/bash-completion/completions/kgen`,
			"source <(kgen completion bash)",
		},
		{
			"zsh", func(root *cobra.Command, w io.Writer) error { return root.GenZshCompletion(w) },
			`Completion has to be on: if it is not, put this into ~/.zshrc:

  autoload -U compinit && compinit

For every new shell, put the script into a folder of $fpath that you may write:

  kgen completion zsh > "${fpath[1]}/_kgen"`,
			"source <(kgen completion zsh)",
		},
		{
			"fish", func(root *cobra.Command, w io.Writer) error { return root.GenFishCompletion(w, true) },
			`For every new shell, put the script where fish looks:

  kgen completion fish > ~/.config/fish/completions/kgen.fish`,
			"kgen completion fish | source",
		},
		{
			"powershell", func(root *cobra.Command, w io.Writer) error { return root.GenPowerShellCompletionWithDesc(w) },
			`For every new shell, put the line of the example into your profile, the file
that $PROFILE names.`,
			"kgen completion powershell | Out-String | Invoke-Expression",
		},
	}
}

func newCompletion(sh *shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "completion",
		Short: "Print the completion script of a shell",
		Long: `Completion prints a script that makes a shell complete kgen's commands, flags
and the names of the services in kgen.yaml. How each shell loads it stands in its
help, such as kgen completion bash --help; bash needs the package bash-completion.`,
		Args: unknownCommand,
		RunE: commandMissing,
	}
	var examples []string
	for _, s := range scripts() {
		examples = append(examples, "  "+s.once)
		cmd.AddCommand(&cobra.Command{
			Use:   s.shell,
			Short: "Print the completion script of " + s.shell,
			Long: "Print the completion script of " + s.shell + ` to the standard output. The example
loads it into the running shell.

` + s.load,
			Example: "  " + s.once,
			Args:    exactly(),
			RunE: func(cmd *cobra.Command, _ []string) error {
				return s.write(cmd.Root(), sh.Out)
			},
		})
	}
	cmd.Example = strings.Join(examples, "\n")
	return cmd
}
