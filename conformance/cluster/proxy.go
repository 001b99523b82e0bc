package cluster

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"kgen.dev/kgen/conformance/component"
)

// StartProxy runs kube-proxy until the test ends, in nftables mode, as that of a
// node: a Node of that name with an InternalIP has to be there, and the network
// that the test is in is the node's (package namespace). It changes the rules of
// that network. Pods are those of the address range pods, a CIDR: by it kube-proxy
// tells who calls from inside the cluster.
func (c *Cluster) StartProxy(t testing.TB, node, pods string) {
	t.Helper()
	if _, err := exec.LookPath("nft"); err != nil {
		t.Fatalf("kube-proxy writes its rules with the command nft: %v; install nftables (Debian's package nftables)", err)
	}
	type object = map[string]any
	data, err := json.Marshal(object{ // which is YAML too
		"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
		"clientConnection": object{"kubeconfig": c.Kubeconfig(t)},
		"hostnameOverride": node, "clusterCIDR": pods, "mode": "nftables",
		"bindAddress": "0.0.0.0", "healthzBindAddress": "127.0.0.1:10256", "metricsBindAddress": "127.0.0.1:10249",
		// A burst of changes is not waited for: a test makes them one by one.
		"nftables": object{"minSyncPeriod": "10ms", "syncPeriod": "30s"},
		// The table of connections is the machine's and keeps its size: 0 is "as it is".
		"conntrack": object{"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := folder(t)
	config := filepath.Join(dir, "config.yaml")
	if err := os.WriteFile(config, data, 0o600); err != nil {
		t.Fatal(err)
	}
	c.Launch(t, dir, component.Build(t, "kube-proxy"), "--config="+config)
}
