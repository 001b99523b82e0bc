package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
)

// newHelp replaces cobra's help command, which ends with 0 for a topic that
// does not exist.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND|TOPIC]",
		Short:   "Show help on a command or a topic",
		Long:    "Help shows what a command does and the flags it takes, or the text of a topic.",
		Example: "  kgen help add service\n  kgen help exit-codes",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			at, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var names []string
			for _, c := range at.Commands() {
				if !c.Hidden {
					names = append(names, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			at, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				var names []string
				for _, c := range root.Commands() {
					names = append(names, c.Name())
				}
				return usageError(root, fmt.Sprintf("there is no help on %q", strings.Join(args, " ")), diag.Nearest(args[0], names))
			}
			at.InitDefaultHelpFlag()
			return at.Help()
		},
	}
}
