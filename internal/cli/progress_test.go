package cli

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// said runs work of which the shell's patience ends before the work does, or
// never, and gives what is said meanwhile and by the end.
func said(t *testing.T, sh *shell, late bool) (meanwhile, atEnd string) {
	t.Helper()
	shown := &shownBuffer{written: make(chan struct{}, 2)}
	sh.Err = shown
	sh.patience = func() <-chan time.Time {
		over := make(chan time.Time, 1)
		if late {
			over <- time.Time{}
		}
		return over
	}
	failed := errors.New("failed")
	err := sh.during("writing 5035 files", func() error {
		if late && sh.talkScreen && !sh.quiet && sh.format.word != "json" {
			<-shown.written
			meanwhile = shown.String()
		}
		return failed
	})
	if err != failed {
		t.Errorf("the work returned %v, and during %v", failed, err)
	}
	return meanwhile, shown.String()
}

// shownBuffer tells of each write.
type shownBuffer struct {
	bytes.Buffer
	written chan struct{}
}

func (b *shownBuffer) Write(p []byte) (int, error) {
	n, err := b.Buffer.Write(p)
	b.written <- struct{}{}
	return n, err
}

func TestLongWorkIsShownWhileItLasts(t *testing.T) {
	const line = "writing 5035 files …"
	cleared := line + "\r                      \r"
	for _, c := range []struct {
		name             string
		sh               shell
		late             bool
		meanwhile, atEnd string
	}{
		{"long work", shell{talkScreen: true, format: newFormat()}, true, line, cleared},
		{"short work", shell{talkScreen: true, format: newFormat()}, false, "", ""},
		{"no terminal", shell{format: newFormat()}, true, "", ""},
		{"quiet", shell{talkScreen: true, quiet: true, format: newFormat()}, true, "", ""},
		{"json", shell{talkScreen: true, format: newChoice("json")}, true, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			meanwhile, atEnd := said(t, &c.sh, c.late)
			if diff := cmp.Diff([]string{c.meanwhile, c.atEnd}, []string{meanwhile, atEnd}); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
