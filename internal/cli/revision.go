package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"

	"kgen.dev/kgen/internal/source"
	"kgen.dev/kgen/internal/tree"
)

// gitLocals are the variables by which git is told of a repository other than
// the one that it is started in (git rev-parse --local-env-vars); hooks set them.
var gitLocals = []string{
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_CONFIG", "GIT_CONFIG_PARAMETERS", "GIT_CONFIG_COUNT", "GIT_OBJECT_DIRECTORY", "GIT_DIR",
	"GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_GRAFT_FILE", "GIT_INDEX_FILE", "GIT_NO_REPLACE_OBJECTS", "GIT_REPLACE_REF_BASE",
	"GIT_PREFIX", "GIT_SHALLOW_FILE", "GIT_COMMON_DIR", "GIT_INTERNAL_SUPER_PREFIX",
}

// gitIn is git, started in a folder and told of no other repository than the one
// that the folder is in. It takes no locks, fetches nothing and speaks English.
func gitIn(ctx context.Context, dir string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(gitLocals, name)
	})
	cmd.Env = append(cmd.Env, "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "LC_ALL=C")
	return cmd
}

// blob is one file of a revision.
type blob struct {
	id, path string
	size     int64
}

// largestOther is the size of the largest file that is no manifest and is read:
// what a generator of a kustomization may name.
const largestOther = 1 << 20

// revision is a folder as a git revision has it, byte for byte: neither
// attributes nor filters count. Links are left out, because they lead nowhere in
// memory.
func revision(ctx context.Context, dir, rev string) (*tree.Tree, error) {
	if strings.HasPrefix(rev, "-") {
		return nil, errors.New("it is neither a folder nor a revision")
	}
	commit, err := answer(gitIn(ctx, dir, "rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}"))
	if err != nil {
		if _, missing := errors.AsType[*exec.Error](err); missing {
			return nil, fmt.Errorf("git is needed to read a revision: %w", err)
		}
		return nil, errors.New("it is neither a folder nor a revision that git knows here")
	}
	prefix, err := answer(gitIn(ctx, dir, "rev-parse", "--show-prefix"))
	if err != nil {
		return nil, err
	}
	at := strings.TrimSpace(commit) + ":" + strings.TrimRight(prefix, "\n")
	if _, err := answer(gitIn(ctx, dir, "cat-file", "-e", at)); err != nil {
		return nil, errors.New("this folder is not in it")
	}
	list, err := answer(gitIn(ctx, dir, "ls-tree", "-r", "-l", "-z", at))
	if err != nil {
		return nil, err
	}
	return readBlobs(gitIn(ctx, dir, "cat-file", "--batch"), blobs(list))
}

// answer is what git prints, or its words as the error.
func answer(cmd *exec.Cmd) (string, error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil && said.Len() > 0 {
		err = errors.New(strings.TrimSpace(said.String()))
	}
	return string(out), err
}

// blobs reads what git ls-tree -l -z prints: the files that are read.
func blobs(list string) []blob {
	var out []blob
	for entry := range strings.SplitSeq(strings.TrimSuffix(list, "\x00"), "\x00") {
		head, name, ok := strings.Cut(entry, "\t")
		words := strings.Fields(head)
		if !ok || len(words) != 4 || words[1] != "blob" || words[0] == "120000" {
			continue
		}
		size, err := strconv.ParseInt(words[3], 10, 64)
		limit := int64(largestOther)
		if ext := path.Ext(name); ext == ".yaml" || ext == ".yml" || ext == ".json" || path.Base(name) == "Kustomization" {
			limit = source.MostBytes
		}
		if err == nil && size <= limit {
			out = append(out, blob{words[2], name, size})
		}
	}
	return out
}

// readBlobs asks git cat-file --batch for files, one after another.
func readBlobs(cmd *exec.Cmd, list []blob) (files *tree.Tree, err error) {
	var ask bytes.Buffer
	for _, b := range list {
		ask.WriteString(b.id + "\n")
	}
	cmd.Stdin = &ask
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		out.Close() // what is left is not wanted
		if ended := cmd.Wait(); err == nil {
			err = ended
		}
	}()
	files = tree.New()
	r := bufio.NewReader(out)
	for _, b := range list {
		head, err := r.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("%s: %w", b.path, err)
		}
		if !strings.HasPrefix(head, b.id+" blob ") {
			return nil, fmt.Errorf("%s: git has no such file at hand: %s", b.path, strings.TrimSpace(head))
		}
		data := make([]byte, b.size+1) // and the line's end behind it
		if _, err := io.ReadFull(r, data); err != nil {
			return nil, fmt.Errorf("%s: %w", b.path, err)
		}
		if err := files.Add(b.path, data[:b.size]); err != nil {
			return nil, err
		}
	}
	return files, nil
}
