package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"kgen.dev/kgen/internal/diag"
)

// words are the flags of a command that the model's own parsers read. What
// they find wrong is kept, so that one run reports all of it.
type words struct{ wrong diag.List }

// read adds a flag; take is called for each good word that it is given.
func read[T any](cmd *cobra.Command, w *words, name, form, usage string, parse func(string) (T, error), take func(T)) {
	cmd.Flags().Var(&word{form: form, set: func(text string) {
		value, err := parse(text)
		if err != nil {
			w.errorf("--%s %s: %s", name, text, err)
			return
		}
		take(value)
	}}, name, usage)
}

// many adds a flag that may be given again and again.
func many[T any](cmd *cobra.Command, w *words, name, form, usage string, parse func(string) (T, error), into *[]T) {
	read(cmd, w, name, form, usage+"; may be repeated", parse, func(value T) { *into = append(*into, value) })
}

func (w *words) errorf(format string, args ...any) {
	w.wrong = append(w.wrong, diag.Diagnostic{Severity: diag.Error, Code: "usage", Message: fmt.Sprintf(format, args...)})
}

// checked makes a parser of a check.
func checked(check func(string) error) func(string) (string, error) {
	return func(s string) (string, error) { return s, check(s) }
}

// word is a pflag.Value that hands each text it is given to set.
type word struct {
	form, text string
	set        func(string)
}

// Set implements pflag.Value.
func (w *word) Set(text string) error {
	w.text = text
	w.set(text)
	return nil
}

// String implements pflag.Value.
func (w *word) String() string { return w.text }

// Type implements pflag.Value; help shows it as the flag's value.
func (w *word) Type() string { return w.form }
