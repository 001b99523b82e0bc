package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kgen.dev/kgen/internal/diag"
)

// unknownCommand is the Args of a command that only groups others.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
			names = append(names, c.Name())
		}
	}
	return usageError(cmd, fmt.Sprintf("unknown command %q for %s", args[0], cmd.CommandPath()), diag.Nearest(args[0], names))
}

// commandMissing is the RunE of a command that only groups others.
func commandMissing(cmd *cobra.Command, _ []string) error {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return usageError(cmd, fmt.Sprintf("%s needs one of: %s", cmd.CommandPath(), strings.Join(names, ", ")), "")
}

// exactly takes one argument for each name, at most takes none to all of them.
func exactly(names ...string) cobra.PositionalArgs { return between(len(names), names) }
func atMost(names ...string) cobra.PositionalArgs  { return between(0, names) }

func between(least int, names []string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usageError(cmd, fmt.Sprintf("%s needs %s", cmd.CommandPath(), strings.Join(names[len(args):], " ")), "")
		case len(args) > len(names) && len(names) == 0:
			return usageError(cmd, fmt.Sprintf("%s takes no argument, and %q is one", cmd.CommandPath(), args[0]), "")
		case len(args) > len(names):
			return usageError(cmd, fmt.Sprintf("%s takes only %s, and %q is one more", cmd.CommandPath(), strings.Join(names, " "), args[len(names)]), "")
		}
		return nil
	}
}

// flagError words what pflag found wrong with the flags.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			return usageError(cmd, fmt.Sprintf("unknown flag -%s for %s", name, cmd.CommandPath()), "")
		}
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
		near := diag.Nearest(name, names)
		if near != "" {
			near = "--" + near
		}
		return usageError(cmd, fmt.Sprintf("unknown flag --%s for %s", name, cmd.CommandPath()), near)
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		return usageError(cmd, fmt.Sprintf("--%s: %q %s", invalid.GetFlag().Name, invalid.GetValue(), errors.Unwrap(invalid)), "")
	}
	return usageError(cmd, err.Error(), "")
}

// usageError says what is wrong with a command line and where its right form
// stands.
func usageError(cmd *cobra.Command, fact, suggestion string) error {
	fix := fmt.Sprintf("see %s --help", cmd.CommandPath())
	if suggestion != "" {
		fix = fmt.Sprintf("did you mean %s? See %s --help", suggestion, cmd.CommandPath())
	}
	return diag.List{{Severity: diag.Error, Code: "usage", Message: fact, Fix: fix}}
}

// flagsExclude refuses a flag together with any of the others.
func flagsExclude(cmd *cobra.Command, flag string, others ...string) error {
	if !cmd.Flags().Changed(flag) {
		return nil
	}
	for _, other := range others {
		if cmd.Flags().Changed(other) {
			return usageError(cmd, fmt.Sprintf("--%s and --%s exclude each other", flag, other), "")
		}
	}
	return nil
}
