package component

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Keep returns a folder that is made once and kept beside the binaries, under
// its kind and a key that tells apart whatever differs. Making fills a folder that
// nobody sees before it is whole; its failure ends the test. Nobody is to change
// what is kept.
func Keep(t testing.TB, kind, key string, making func(dir string) error) string {
	t.Helper()
	s, err := machine()
	if err != nil {
		t.Fatalf("making %s: %v", kind, err)
	}
	folder, err := s.keep(kind, filepath.Join(s.cache, kind+"-"+key), making)
	if err != nil {
		t.Fatalf("making %s: %v", kind, err)
	}
	return folder
}

// inProcess keeps tests of one process from waiting on each other's file lock,
// which belongs to the process.
var inProcess sync.Mutex

// keep is safe for concurrent use by any number of processes: for one kind they
// take turns, and a folder appears under its final name whole or not at all.
func (s store) keep(kind, folder string, making func(dir string) error) (string, error) {
	inProcess.Lock()
	defer inProcess.Unlock()
	if _, err := os.Stat(folder); err == nil {
		return folder, nil
	}
	if err := os.MkdirAll(s.cache, 0o755); err != nil {
		return "", err
	}
	unlock, err := lock(filepath.Join(s.cache, kind+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(folder); err == nil {
		return folder, nil // another process was faster
	}
	fresh, err := os.MkdirTemp(s.cache, kind+"-building-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(fresh)
	if err := making(fresh); err != nil {
		return "", err
	}
	return folder, os.Rename(fresh, folder)
}
