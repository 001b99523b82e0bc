package measure

import (
	"context"
	"os"
	"os/signal"
)

// interruptible is done when this process is asked to end.
func interruptible() (context.Context, context.CancelFunc) {
	return signal.NotifyContext(context.Background(), os.Interrupt)
}
