package main

import (
	"cmp"
	"fmt"
	"os"

	"istio.io/api/mesh/v1alpha1"
	"istio.io/istio/operator/pkg/render"
	"istio.io/istio/pkg/config/mesh"
	"istio.io/istio/pkg/kube/inject"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
)

const istioNamespace = "istio-system"

// An installation is Istio as istioctl install would put it into a cluster.
type installation struct {
	objects        []object
	ambient        bool
	revision       string // "default" if it has none of its own
	meshConfig     *v1alpha1.MeshConfig
	meshConfigFile string
	templates      inject.Templates
	values         inject.ValuesConfig
	webhooks       []admissionv1.MutatingWebhook
}

func install(profile, revision string) (*installation, error) {
	settings := []string{"profile=" + profile}
	if revision != "" {
		settings = append(settings, "revision="+revision)
	}
	rendered, _, err := render.GenerateManifest(nil, settings, false, nil, nil)
	if err != nil {
		return nil, err
	}
	i := &installation{ambient: profile == "ambient", revision: cmp.Or(revision, "default")}
	namespace, err := parse([]byte("apiVersion: v1\nkind: Namespace\nmetadata: {name: " + istioNamespace + "}\n"))
	if err != nil {
		return nil, err
	}
	i.objects = namespace
	for _, set := range rendered {
		for _, m := range set.Manifests {
			o := object{m.Unstructured}
			i.objects = append(i.objects, o)
			if err := i.read(o); err != nil {
				return nil, err
			}
		}
	}
	if i.meshConfig == nil || i.templates == nil || len(i.webhooks) == 0 {
		return nil, fmt.Errorf("profile %s has no mesh config, no injection template or no webhook", profile)
	}
	return i, nil
}

// read keeps what of an object says how pods are injected.
func (i *installation) read(o object) error {
	named := func(name string) string {
		if i.revision == "default" {
			return name
		}
		return name + "-" + i.revision
	}
	switch {
	case o.GetKind() == "ConfigMap" && o.GetName() == named("istio"):
		var c corev1.ConfigMap
		if err := o.into(&c); err != nil {
			return err
		}
		return i.configure(c.Data["mesh"])
	case o.GetKind() == "ConfigMap" && o.GetName() == named("istio-sidecar-injector"):
		var c corev1.ConfigMap
		if err := o.into(&c); err != nil {
			return err
		}
		config, err := inject.UnmarshalConfig([]byte(c.Data["config"]))
		if err != nil {
			return err
		}
		i.templates = config.Templates
		i.values, err = inject.NewValuesConfig(c.Data["values"])
		return err
	case o.GetKind() == "MutatingWebhookConfiguration":
		var c admissionv1.MutatingWebhookConfiguration
		if err := o.into(&c); err != nil {
			return err
		}
		i.webhooks = append(i.webhooks, c.Webhooks...)
	}
	return nil
}

// configure reads the mesh's configuration, and puts it into a file, which is
// the one way for an analysis to learn of it.
func (i *installation) configure(text string) error {
	var err error
	if i.meshConfig, err = mesh.ApplyMeshConfigDefaults(text); err != nil {
		return err
	}
	f, err := os.CreateTemp("", "mesh-*.yaml")
	if err != nil {
		return err
	}
	defer f.Close()
	i.meshConfigFile = f.Name()
	_, err = f.WriteString(text)
	return err
}
