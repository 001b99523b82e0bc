package cli

import (
	"fmt"
	"strings"
	"time"
)

// patience is how long work may take before a person is told what goes on.
func patience() <-chan time.Time { return time.After(500 * time.Millisecond) }

// during does work, and shows on a terminal what it is as soon as patience
// ends. The line is gone when the work is done, so that only results stay.
func (sh *shell) during(what string, work func() error) error {
	if !sh.talkScreen || sh.quiet || sh.format.word == "json" {
		return work()
	}
	done, told := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(told)
		select {
		case <-sh.patience():
			fmt.Fprintf(sh.Err, "%s …", what)
			<-done
			// Blanks, because not every terminal knows how to clear a line.
			fmt.Fprintf(sh.Err, "\r%s\r", strings.Repeat(" ", len(what)+len(" …")))
		case <-done:
		}
	}()
	err := work()
	close(done)
	<-told
	return err
}
