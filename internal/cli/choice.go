package cli

import (
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// A choice is a flag that takes one of a few words.
type choice struct {
	word  string
	words []string
}

func newChoice(word string, words ...string) *choice { return &choice{word: word, words: words} }

// Set implements pflag.Value.
func (c *choice) Set(word string) error {
	if !slices.Contains(c.words, word) {
		return errors.New("is not one of " + strings.Join(c.words, ", "))
	}
	c.word = word
	return nil
}

// String implements pflag.Value.
func (c *choice) String() string { return c.word }

// Type implements pflag.Value; help shows it as the flag's value.
func (c *choice) Type() string { return strings.Join(c.words, "|") }

// choose adds a choice to a command's flags, completed from its words.
func choose(cmd *cobra.Command, c *choice, name, short, usage string) {
	cmd.Flags().VarP(c, name, short, usage)
	complete(cmd, name, c.words...)
}

// complete offers fixed words for a flag.
func complete(cmd *cobra.Command, flag string, words ...string) {
	must(cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)))
}

// newFormat is how a run lists what it did, as -o chooses.
func newFormat() *choice { return newChoice("text", "text", "json") }

// addOutput adds -o to a command that has something to list.
func addOutput(cmd *cobra.Command, sh *shell) {
	choose(cmd, sh.format, "output", "o", "how to list what was done")
}
