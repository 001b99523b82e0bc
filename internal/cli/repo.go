package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"kgen.dev/kgen/internal/specfile"
	"kgen.dev/kgen/internal/txn"
)

// The files of kgen's own, below the folder of the repository.
const (
	modelFile      = "kgen.yaml"
	schemaFile     = ".kgen/schema.json"
	attributesFile = ".kgen/.gitattributes"
)

// repo is a repository in which nobody else writes until Close.
type repo struct {
	sh        *shell
	dir       string // absolute; it may not exist yet
	recovered bool   // an earlier run's leftovers were put right
	unlock    func()
}

// path gives a path from the command line, which -C may have moved.
func (sh *shell) path(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(sh.dir, p)
}

// shown gives a path as a person at this place would write it: relative to the
// working directory where that is shorter to follow.
func (sh *shell) shown(p string) string {
	wd, err := os.Getwd()
	if err != nil {
		return p
	}
	rel, err := filepath.Rel(wd, p)
	if err != nil || len(rel) > len(p) {
		return p
	}
	return rel
}

// errNoModel is that no folder from here upwards holds a kgen.yaml.
type errNoModel struct{ from string }

func (e errNoModel) Error() string {
	return fmt.Sprintf("there is no %s in %s or in a folder above it; run kgen init to make one, or name its folder with -C", modelFile, e.from)
}

// marks are what tells a repository's folder: a kgen.yaml, or a journal, because
// a run that was killed may not have got to kgen.yaml.
var marks = append([]string{modelFile}, txn.Journals()...)

// findRoot returns the nearest folder, from dir upwards, that has a mark.
func findRoot(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(abs)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return "", fmt.Errorf("%s is not a folder", dir)
	}
	for at := abs; ; at = filepath.Dir(at) {
		for _, name := range marks {
			_, err := os.Lstat(filepath.Join(at, name))
			if err == nil {
				return at, nil
			}
			// A folder further up that may not be looked into is not the user's own.
			if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) && !errors.Is(err, fs.ErrPermission) {
				return "", err
			}
		}
		if at == filepath.Dir(at) {
			return "", errNoModel{abs}
		}
	}
}

// openNearest opens the repository that the run was started in or below.
func (sh *shell) openNearest(ctx context.Context) (*repo, error) {
	dir, err := findRoot(sh.path("."))
	if err != nil {
		return nil, err
	}
	return sh.open(ctx, dir)
}

// openToRead opens the repository that the run was started in or below, for a
// run that writes nothing: others may read it meanwhile.
func (sh *shell) openToRead(ctx context.Context) (*repo, error) {
	dir, err := findRoot(sh.path("."))
	if err != nil {
		return nil, err
	}
	return sh.share(ctx, dir)
}

// nearestModel opens the repository to read, and reads its kgen.yaml. Where there
// is an error nothing is open.
func (sh *shell) nearestModel(ctx context.Context) (*repo, *specfile.File, error) {
	r, err := sh.openToRead(ctx)
	if err != nil {
		return nil, nil, err
	}
	model, err := r.model()
	if err != nil {
		r.Close()
		return nil, nil, err
	}
	return r, model, nil
}

// share waits until no other run writes in the folder, and puts right what an
// interrupted one left there.
func (sh *shell) share(ctx context.Context, dir string) (*repo, error) {
	recovered, release, err := txn.Share(ctx, dir, sh.waiting(dir))
	if err != nil {
		return nil, err
	}
	return sh.opened(dir, recovered, release), nil
}

func (sh *shell) waiting(dir string) func() {
	return func() { sh.say("waiting for another kgen that works in %s", sh.shown(dir)) }
}

// opened tells what an earlier run's leftovers came to.
func (sh *shell) opened(dir string, recovered txn.Recovered, unlock func()) *repo {
	left := recovered.Outcome != txn.Nothing
	if left {
		sh.say("%s", recovered)
	}
	return &repo{sh: sh, dir: dir, recovered: left, unlock: unlock}
}

// open waits until no other run works in the folder, and puts right what an
// interrupted one left there.
func (sh *shell) open(ctx context.Context, dir string) (*repo, error) {
	unlock, err := txn.Lock(ctx, dir, sh.waiting(dir))
	if err != nil {
		return nil, err
	}
	recovered, err := txn.Recover(dir)
	if err != nil {
		unlock()
		return nil, err
	}
	return sh.opened(dir, recovered, unlock), nil
}

// Close lets other runs work in the folder.
func (r *repo) Close() { r.unlock() }

// readModel returns the bytes of kgen.yaml.
func (r *repo) readModel() ([]byte, error) {
	name := filepath.Join(r.dir, modelFile)
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file; kgen follows no links and reads no devices", r.sh.shown(name))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	data, err := readLimited(f)
	return data, errors.Join(err, f.Close())
}

// readLimited reads a model no further than to see that it is too large.
func readLimited(f io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(f, specfile.MaxSize+1))
}

// model reads kgen.yaml and says what is doubtful about it.
func (r *repo) model() (*specfile.File, error) {
	data, err := r.readModel()
	if err != nil {
		return nil, err
	}
	return r.sh.parse(r.modelName(), data)
}

// modelName is kgen.yaml as findings in it name it.
func (r *repo) modelName() string { return r.sh.shown(filepath.Join(r.dir, modelFile)) }

// parse reads a model, prints its warnings and returns its errors.
func (sh *shell) parse(name string, data []byte) (*specfile.File, error) {
	file, errs := specfile.Parse(name, data)
	if len(errs) > 0 {
		sh.warn(file.Warnings)
		return nil, errs
	}
	sh.warn(file.Warnings)
	return file, nil
}
