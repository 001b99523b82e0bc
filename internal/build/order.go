package build

import (
	"slices"
	"strings"

	"kgen.dev/kgen/internal/manifest"
)

// ranks are the places of kinds in kustomize's own order (SortOrderTransformer,
// v0.21): these come first, those of last come last, all others between.
var ranks = func() map[string]int {
	of := map[string]int{}
	first := []string{"Namespace", "ResourceQuota", "StorageClass", "CustomResourceDefinition", "ServiceAccount", "PodSecurityPolicy",
		"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "Endpoints", "Service", "LimitRange",
		"PriorityClass", "PersistentVolume", "PersistentVolumeClaim", "Deployment", "StatefulSet", "CronJob", "PodDisruptionBudget"}
	for i, kind := range first {
		of[kind] = i - len(first)
	}
	of["MutatingWebhookConfiguration"], of["ValidatingWebhookConfiguration"] = 1, 2
	return of
}()

// placed is an object with what it is sorted by.
type placed struct {
	object    *manifest.Object
	rank      int
	kind, all string
}

// sorted gives objects in kustomize's own order: by rank, then by group,
// version and kind, then by namespace and name. No two have all of these in common.
func sorted(objects []*manifest.Object) []*manifest.Object {
	all := make([]placed, len(objects))
	for i, o := range objects {
		group, version := o.Group(), o.APIVersion[strings.IndexByte(o.APIVersion, '/')+1:]
		namespace := o.Namespace
		if namespace == "" {
			namespace = "~X"
		}
		all[i] = placed{o, ranks[o.Kind], or(group, "~G") + "_" + version + "_" + o.Kind,
			o.Kind + "." + version + "." + or(group, "[noGrp]") + "|" + namespace + "|" + o.Name}
	}
	slices.SortFunc(all, func(a, b placed) int {
		switch {
		case a.rank != b.rank:
			return a.rank - b.rank
		case a.kind != b.kind && a.object.Kind == "Namespace" && (a.object.Group() == "" || b.object.Group() == ""):
			return strings.Compare(b.kind, a.kind)
		case a.kind != b.kind:
			return strings.Compare(a.kind, b.kind)
		}
		return strings.Compare(a.all, b.all)
	})
	out := make([]*manifest.Object, len(all))
	for i, p := range all {
		out[i] = p.object
	}
	return out
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
