package audit

import (
	"strings"

	"kgen.dev/kgen/internal/diag"
	"kgen.dev/kgen/internal/manifest"
)

var drifted = &Rule{
	ID: "RP02", Severity: diag.Error,
	Title:       "The repository is not as kgen.yaml says, or asks for an API that is no longer served",
	Items:       []string{"C10"},
	Constraints: []string{"K33"},
	Doc: `What ` + "`kgen generate`" + ` would change in the repository is a finding, a file each: somebody changed the model and did not generate, or took a file
away. Edits by hand that kgen keeps are none. The comparison needs the whole repository; of a folder, of other people's manifests or of one
environment it is not made.

And each object's ` + "`apiVersion`" + ` is held against the versions that were dropped (Kubernetes, "Deprecated API Migration Guide"; Gateway API,
cert-manager and Istio: release notes): the API server refuses it, and an upgrade of the cluster is when that is found out. Write the version that the finding names, with
the fields that changed.`,
	check: func(c *Check) {
		if c.Drift == nil {
			c.Skip("drift", "what kgen.yaml makes was not compared with the files")
		} else {
			c.Looked()
			for _, d := range c.Drift.Files {
				c.ReportFile(manifest.Position{File: d.Path, Line: 1, Column: 1}, "run kgen generate; kgen diff shows what it changes", "%s %s", d.Path, d.What)
			}
		}
		for _, o := range c.Objects {
			c.Looked()
			if d, gone := unserved(o); gone {
				c.Report(o, Field("apiVersion"), d.fix(), "%s of %s is not served any more since %s", o.APIVersion, o.Kind, d.since)
			}
		}
	},
}

// droppedAPI is an API version that was taken away.
type droppedAPI struct {
	version string   // group/version
	kinds   []string // all, if none
	since   string
	instead string // "" where nothing takes its place
}

func (d droppedAPI) fix() string {
	if d.instead == "" {
		return "remove it: nothing takes its place"
	}
	return "write apiVersion: " + d.instead
}

var droppedVersions = func() map[string][]droppedAPI {
	out := map[string][]droppedAPI{}
	add := func(since string, entries ...string) {
		for _, e := range entries {
			f := strings.Fields(e)
			d := droppedAPI{version: f[0], since: since}
			if f[1] != "-" {
				d.instead = f[1]
			}
			d.kinds = f[2:]
			out[d.version] = append(out[d.version], d)
		}
	}
	// Kubernetes, "Deprecated API Migration Guide": the old version, the new one, the kinds.
	add("Kubernetes 1.16",
		"extensions/v1beta1 networking.k8s.io/v1 NetworkPolicy", "extensions/v1beta1 apps/v1 Deployment DaemonSet ReplicaSet",
		"extensions/v1beta1 - PodSecurityPolicy",
		"apps/v1beta1 apps/v1", "apps/v1beta2 apps/v1")
	add("Kubernetes 1.22",
		"extensions/v1beta1 networking.k8s.io/v1 Ingress", "networking.k8s.io/v1beta1 networking.k8s.io/v1 Ingress IngressClass",
		"admissionregistration.k8s.io/v1beta1 admissionregistration.k8s.io/v1 MutatingWebhookConfiguration ValidatingWebhookConfiguration",
		"apiextensions.k8s.io/v1beta1 apiextensions.k8s.io/v1", "apiregistration.k8s.io/v1beta1 apiregistration.k8s.io/v1",
		"authentication.k8s.io/v1beta1 authentication.k8s.io/v1 TokenReview", "authorization.k8s.io/v1beta1 authorization.k8s.io/v1",
		"certificates.k8s.io/v1beta1 certificates.k8s.io/v1 CertificateSigningRequest", "coordination.k8s.io/v1beta1 coordination.k8s.io/v1 Lease",
		"rbac.authorization.k8s.io/v1beta1 rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1alpha1 rbac.authorization.k8s.io/v1",
		"scheduling.k8s.io/v1beta1 scheduling.k8s.io/v1 PriorityClass",
		"storage.k8s.io/v1beta1 storage.k8s.io/v1 CSIDriver CSINode StorageClass VolumeAttachment")
	add("Kubernetes 1.25",
		"batch/v1beta1 batch/v1 CronJob", "discovery.k8s.io/v1beta1 discovery.k8s.io/v1 EndpointSlice", "events.k8s.io/v1beta1 events.k8s.io/v1 Event",
		"autoscaling/v2beta1 autoscaling/v2 HorizontalPodAutoscaler", "policy/v1beta1 policy/v1 PodDisruptionBudget", "policy/v1beta1 - PodSecurityPolicy",
		"node.k8s.io/v1beta1 node.k8s.io/v1 RuntimeClass")
	add("Kubernetes 1.26",
		"autoscaling/v2beta2 autoscaling/v2 HorizontalPodAutoscaler", "flowcontrol.apiserver.k8s.io/v1beta1 flowcontrol.apiserver.k8s.io/v1")
	add("Kubernetes 1.27", "storage.k8s.io/v1beta1 storage.k8s.io/v1 CSIStorageCapacity")
	add("Kubernetes 1.29", "flowcontrol.apiserver.k8s.io/v1beta2 flowcontrol.apiserver.k8s.io/v1")
	add("Kubernetes 1.32", "flowcontrol.apiserver.k8s.io/v1beta3 flowcontrol.apiserver.k8s.io/v1")
	// Gateway API: what the CRDs of release 1.6 serve, standard and experimental.
	add("Gateway API 1.6 (or before)",
		"gateway.networking.k8s.io/v1alpha2 gateway.networking.k8s.io/v1 GatewayClass Gateway HTTPRoute GRPCRoute BackendTLSPolicy ReferencePolicy",
		"gateway.networking.k8s.io/v1alpha2 gateway.networking.k8s.io/v1 ReferenceGrant", "gateway.networking.k8s.io/v1alpha1 gateway.networking.k8s.io/v1",
		"networking.x-k8s.io/v1alpha1 gateway.networking.k8s.io/v1")
	add("Gateway API 1.6, in its standard channel",
		"gateway.networking.k8s.io/v1alpha2 gateway.networking.k8s.io/v1 TLSRoute TCPRoute UDPRoute", "gateway.networking.k8s.io/v1alpha3 gateway.networking.k8s.io/v1 BackendTLSPolicy TLSRoute")
	add("cert-manager 1.6", "cert-manager.io/v1alpha2 cert-manager.io/v1", "cert-manager.io/v1alpha3 cert-manager.io/v1", "cert-manager.io/v1beta1 cert-manager.io/v1")
	add("cert-manager 0.11", "certmanager.k8s.io/v1alpha1 cert-manager.io/v1")
	add("Istio 1.6", "authentication.istio.io/v1alpha1 security.istio.io/v1", "rbac.istio.io/v1alpha1 security.istio.io/v1", "config.istio.io/v1alpha2 -")
	add("Traefik 3.0", "traefik.containo.us/v1alpha1 traefik.io/v1alpha1")
	return out
}()

// unserved is what became of an object's API version, if it was dropped.
func unserved(o *manifest.Object) (droppedAPI, bool) {
	for _, d := range droppedVersions[o.APIVersion] {
		if len(d.kinds) == 0 {
			return d, true
		}
		for _, k := range d.kinds {
			if k == o.Kind {
				return d, true
			}
		}
	}
	return droppedAPI{}, false
}
