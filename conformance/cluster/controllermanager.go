package cluster

import (
	"strings"
	"testing"

	"kgen.dev/kgen/conformance/component"
)

// StartControllerManager runs controllers of Kubernetes' own until the test ends,
// by the names that kube-controller-manager's flag --controllers has for them:
// endpointslice-controller makes the EndpointSlices of Services. They are the
// cluster's administrators and begin at once; what they have done is seen in the
// cluster alone.
func (c *Cluster) StartControllerManager(t testing.TB, controllers ...string) {
	t.Helper()
	c.Launch(t, folder(t), component.Build(t, "kube-controller-manager"), "--kubeconfig="+c.Kubeconfig(t),
		"--controllers="+strings.Join(controllers, ","), "--leader-elect=false", "--secure-port=0")
}
