package build_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kgen.dev/kgen/internal/build"
	"kgen.dev/kgen/internal/kustomize"
	"kgen.dev/kgen/internal/tree"
)

// TestOrder: objects of all ranks, groups and namespaces come in the order in
// which kustomize prints them, sorted and as listed.
func TestOrder(t *testing.T) {
	var objects []string
	for _, kind := range []string{
		"v1 Service", "v1 Namespace", "example.com/v1 Namespace", "a.example.com/v1 Namespace", "v1 Pod", "apps/v1 Deployment", "apps/v1 StatefulSet", "batch/v1 CronJob",
		"policy/v1 PodDisruptionBudget", "v1 ConfigMap", "v1 Secret", "v1 Endpoints", "v1 LimitRange", "v1 ResourceQuota", "v1 ServiceAccount", "v1 PersistentVolumeClaim", "v1 PersistentVolume",
		"rbac.authorization.k8s.io/v1 Role", "rbac.authorization.k8s.io/v1 ClusterRole", "scheduling.k8s.io/v1 PriorityClass", "storage.k8s.io/v1 StorageClass",
		"admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration", "admissionregistration.k8s.io/v1 MutatingWebhookConfiguration",
		"apiextensions.k8s.io/v1 CustomResourceDefinition", "networking.istio.io/v1 VirtualService", "networking.istio.io/v1beta1 VirtualService", "Z.io/v1 Thing", "example.com/v1 Service",
	} {
		apiVersion, kind, _ := strings.Cut(kind, " ")
		for j, metadata := range []string{"name: b", "name: a", "name: b, namespace: shop", "name: a, namespace: zoo", "name: c, namespace: default"} {
			clusterWide := strings.Contains(apiVersion, ".k8s.io") && kind != "Role" || kind == "PersistentVolume" || kind == "Namespace" && apiVersion == "v1"
			if j > 1 && clusterWide {
				break
			}
			objects = append(objects, fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {%s}\n", apiVersion, kind, metadata))
		}
	}
	// Listed in an order that has nothing to do with the one that is printed.
	for k := range objects {
		at := (k * 37) % len(objects)
		objects[k], objects[at] = objects[at], objects[k]
	}
	for _, options := range []string{"", "sortOptions: {order: legacy}\n", "sortOptions: {order: fifo}\n"} {
		files := tree.New()
		files.Set("kustomization.yaml", []byte("resources: [all.yaml]\n"+options))
		files.Set("all.yaml", []byte(strings.Join(objects, "---\n")))
		want, err := kustomize.BuildTree(files, ".")
		if err != nil {
			t.Fatal(err)
		}
		got, err := build.OwnTree(files, ".")
		if err != nil || got.Because != "" {
			t.Fatal(err, got.Path())
		}
		if diff := cmp.Diff(string(want), string(got.Bytes())); diff != "" {
			t.Errorf("%s(-kustomize +kgen):\n%s", options, diff)
		}
	}
}
