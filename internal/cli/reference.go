package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

// Reference is the page of all commands and topics, in Markdown. It is made
// from the same texts as --help.
func Reference() []byte {
	root := newRoot(&shell{IO: IO{In: strings.NewReader(""), Out: io.Discard, Err: io.Discard}, format: newFormat()})
	root.InitDefaultHelpFlag()
	var page strings.Builder
	page.WriteString("# kgen's commands\n\n<!-- Made from the commands' own help texts; edits here are lost. -->\n\n")
	fmt.Fprintf(&page, "%s\n\n## Flags of every command\n\n```\n%s```\n", root.Long, root.PersistentFlags().FlagUsages())
	walk(root, func(cmd *cobra.Command) {
		switch {
		case !cmd.HasParent() || !cmd.Runnable():
		case !cmd.HasAvailableSubCommands():
			writeCommand(&page, cmd)
		case strings.Contains(cmd.Long, "\n\n"): // what all below it have in common
			writeGroup(&page, cmd)
		}
	})
	for _, topic := range topics() {
		fmt.Fprintf(&page, "\n## Topic: %s\n\n%s.\n\n```\n%s\n```\n", topic.Name(), topic.Short, strings.TrimRight(topic.Long, "\n"))
	}
	return []byte(page.String())
}

func writeCommand(page *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(page, "\n## %s\n\n```\n%s\n```\n\n%s\n", cmd.CommandPath(), cmd.UseLine(), cmd.Long)
	if flags := cmd.LocalNonPersistentFlags(); flags.HasAvailableFlags() {
		fmt.Fprintf(page, "\n```\n%s```\n", flags.FlagUsages())
	}
	fmt.Fprintf(page, "\nExamples:\n\n```\n%s\n```\n", cmd.Example)
}

// writeGroup writes what a command says that only groups others.
func writeGroup(page *strings.Builder, cmd *cobra.Command) {
	fmt.Fprintf(page, "\n## %s\n\n```\n%s\n```\n\nExamples:\n\n```\n%s\n```\n", cmd.CommandPath(), cmd.Long, cmd.Example)
}

// walk visits a command and all below it, in the order in which help lists them.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		walk(c, visit)
	}
}
