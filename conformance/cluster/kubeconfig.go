package cluster

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
)

// writeKubeconfig writes the file by which a program finds the server and is its
// administrator, and returns its path.
func (c *Cluster) writeKubeconfig(dir string) (string, error) {
	file := filepath.Join(dir, "kubeconfig")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: kgen
  cluster: {server: %q, certificate-authority-data: %s}
users:
- name: admin
  user: {token: %q}
contexts:
- name: admin
  context: {cluster: kgen, user: admin}
current-context: admin
`, c.address, base64.StdEncoding.EncodeToString(c.authority), c.token)
	return file, os.WriteFile(file, []byte(text), 0o600)
}
