//go:build !linux

package namespace

import (
	"errors"
	"syscall"
)

var errNone = errors.New("a test cannot have a network of its own here: that takes Linux's network namespaces")

func network() (string, error) { return "", errNone }

func isolations() []*syscall.SysProcAttr { return []*syscall.SysProcAttr{nil} }

func raise() error { return errNone }
