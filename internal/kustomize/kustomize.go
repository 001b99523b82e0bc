// Package kustomize builds a kustomization in this process: the bytes are the
// ones that the stock command `kustomize build DIR` prints.
//
// The options are those that kustomize's own command line (v5.8.2) arrives at
// when it is given no flags: the order left to the kustomization's sortOptions
// and otherwise the legacy one, files loaded from below the root only, no
// plugins, no helm.
package kustomize

import (
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path"
	"path/filepath"
	"sync"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"kgen.dev/kgen/internal/tree"
)

// Build builds the kustomization in a local folder. A folder that is missing,
// or that is no folder, is an error: kustomize itself would go on to read the
// argument as the address of a repository and fetch it. What the stock command
// warns of, a deprecated field say, is on the standard error.
func Build(dir string) ([]byte, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "build", Path: dir, Err: fmt.Errorf("not a folder")}
	}
	// An absolute path is never taken for an address, whatever its folders are called.
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	return run(filesys.MakeFsOnDisk(), abs, false)
}

// BuildTree builds the kustomization in the folder dir ("." for the top) of a
// tree in memory, without touching the disk. Nothing is said on the standard
// error: who reads a tree does not build it for the person at the terminal.
func BuildTree(t *tree.Tree, dir string) ([]byte, error) {
	files, dir, err := inMemory(t, dir)
	if err != nil {
		return nil, err
	}
	return run(files, dir, true)
}

// Objects builds the kustomization in a local folder, named from the root, each
// object by itself, in the order in which kustomize has them before it sorts
// them. Nothing is said on the standard error.
func Objects(dir string) ([][]byte, error) {
	return objects(filesys.MakeFsOnDisk(), dir)
}

// ObjectsOfTree is Objects for the folder dir of a tree in memory.
func ObjectsOfTree(t *tree.Tree, dir string) ([][]byte, error) {
	files, dir, err := inMemory(t, dir)
	if err != nil {
		return nil, err
	}
	return objects(files, dir)
}

func objects(files filesys.FileSystem, dir string) (manifests [][]byte, err error) {
	building.Lock()
	defer building.Unlock()
	defer silence()()
	defer recovered(&err)
	built, err := kustomizer(krusty.ReorderOptionNone).Run(files, dir)
	if err != nil {
		return nil, err
	}
	for _, o := range built.Resources() {
		manifest, err := o.AsYAML()
		if err != nil {
			return nil, err
		}
		manifests = append(manifests, manifest)
	}
	return manifests, nil
}

// inMemory is a tree as kustomize reads it, and a folder in it.
func inMemory(t *tree.Tree, dir string) (filesys.FileSystem, string, error) {
	const top = "/tree" // below the root, so that ".." has somewhere to be refused
	files := filesys.MakeFsInMemory()
	for name, data := range t.All() {
		if err := files.WriteFile(path.Join(top, name), data); err != nil {
			return nil, "", err
		}
	}
	return files, path.Join(top, dir), nil
}

// building serialises the builds of a process: kustomize keeps the OpenAPI
// schema that a build uses in package variables.
var building sync.Mutex

// silence takes the warnings of kustomize, which it writes to os.Stderr itself
// (api v0.21, internal/target) or logs, away from the standard error until
// restore is called. Errors are returned, not written, and not touched.
func silence() (restore func()) {
	nowhere, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return func() {}
	}
	stderr, logged := os.Stderr, log.Writer()
	os.Stderr = nowhere
	log.SetOutput(io.Discard)
	return func() {
		os.Stderr = stderr
		log.SetOutput(logged)
		nowhere.Close()
	}
}

func run(files filesys.FileSystem, dir string, quiet bool) (manifests []byte, err error) {
	building.Lock()
	defer building.Unlock()
	if quiet {
		defer silence()()
	}
	defer recovered(&err)
	objects, err := kustomizer(krusty.ReorderOptionUnspecified).Run(files, dir)
	if err != nil {
		return nil, err
	}
	return objects.AsYaml()
}

func kustomizer(order krusty.ReorderOption) *krusty.Kustomizer {
	return krusty.MakeKustomizer(&krusty.Options{
		Reorder:          order,
		LoadRestrictions: types.LoadRestrictionsRootOnly,
		PluginConfig:     types.DisabledPluginConfig(),
	})
}

// recovered turns a panic into an error: kustomize has some for input that is
// wrong, such as a patch that gives two objects one name.
func recovered(err *error) {
	if fault := recover(); fault != nil {
		*err = fmt.Errorf("%v", fault)
	}
}
