package main

import (
	"cmp"
	"fmt"

	"istio.io/api/annotation"
	"istio.io/api/label"
	"istio.io/istio/pkg/config/constants"
	"istio.io/istio/pkg/kube/inject"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// pods are those that the controllers of a cluster would make of its workloads,
// one of each, and istiod of the Gateways that are its own.
func (i *installation) pods(objects []object) ([]object, error) {
	namespaces := map[string]map[string]string{}
	for _, o := range objects {
		if o.GetKind() == "Namespace" {
			namespaces[o.GetName()] = o.GetLabels()
		}
	}
	var out []object
	for _, o := range objects {
		template, err := templateOf(o)
		if err != nil {
			return nil, err
		}
		if template == nil {
			continue
		}
		pod := &corev1.Pod{
			TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Pod"},
			ObjectMeta: *template.ObjectMeta.DeepCopy(),
			Spec:       *template.Spec.DeepCopy(),
		}
		pod.Namespace, pod.Name = o.GetNamespace(), o.GetName()+"-0"
		if pod, err = i.enrol(pod, namespaces[pod.Namespace]); err != nil {
			return nil, fmt.Errorf("injecting into %s/%s: %w", o.GetNamespace(), o.GetName(), err)
		}
		made, err := objectOf(pod)
		if err != nil {
			return nil, err
		}
		out = append(out, made)
	}
	return out, nil
}

// templateOf is what an object makes pods from; nil if it makes none.
func templateOf(o object) (*corev1.PodTemplateSpec, error) {
	switch o.GetKind() {
	case "Deployment":
		var d appsv1.Deployment
		err := o.into(&d)
		return &d.Spec.Template, err
	case "StatefulSet":
		var s appsv1.StatefulSet
		err := o.into(&s)
		return &s.Spec.Template, err
	case "DaemonSet":
		var d appsv1.DaemonSet
		err := o.into(&d)
		return &d.Spec.Template, err
	case "Gateway":
		class, _ := o.Object["spec"].(map[string]any)["gatewayClassName"].(string)
		if class != "istio" && class != constants.WaypointGatewayClassName {
			return nil, nil // another's, or Istio's own kind of that name
		}
		return &corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{
				label.IoK8sNetworkingGatewayGatewayName.Name:      o.GetName(),
				label.IoK8sNetworkingGatewayGatewayClassName.Name: class,
			}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "istio-proxy", Image: "auto-made"}}},
		}, nil
	}
	return nil, nil
}

// enrol does to a pod what Istio does when it is made: where the webhook's
// selectors match, the injector's template is applied; where the namespace is
// ambient, the node's agent notes that its traffic is redirected.
func (i *installation) enrol(pod *corev1.Pod, namespace map[string]string) (*corev1.Pod, error) {
	if own := pod.Labels[label.IoK8sNetworkingGatewayGatewayName.Name]; own != "" || pod.Namespace == istioNamespace {
		return pod, nil
	}
	for _, w := range i.webhooks {
		if selects(w.NamespaceSelector, namespace) && selects(w.ObjectSelector, pod.Labels) {
			made, err := inject.IntoObject(nil, i.templates, i.values, i.revision, i.meshConfig, pod, func(string) {})
			if err != nil {
				return nil, err
			}
			injected, ok := made.(*corev1.Pod)
			if !ok {
				return nil, fmt.Errorf("the injector makes a %T of a pod", made)
			}
			return injected, nil
		}
	}
	mode := cmp.Or(pod.Labels[label.IoIstioDataplaneMode.Name], namespace[label.IoIstioDataplaneMode.Name])
	if i.ambient && mode == constants.DataplaneModeAmbient && !pod.Spec.HostNetwork {
		if pod.Annotations == nil {
			pod.Annotations = map[string]string{}
		}
		pod.Annotations[annotation.AmbientRedirection.Name] = constants.AmbientRedirectionEnabled
	}
	return pod, nil
}

func selects(s *metav1.LabelSelector, of map[string]string) bool {
	if s == nil {
		return true
	}
	selector, err := metav1.LabelSelectorAsSelector(s)
	return err == nil && selector.Matches(labels.Set(of))
}
