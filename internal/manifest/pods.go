package manifest

// CronJob is a batch/v1 CronJob, as far as networking is concerned.
type CronJob struct {
	Head `yaml:",inline"`
	Spec struct {
		Suspend     bool `yaml:"suspend"`
		JobTemplate struct {
			Metadata Meta `yaml:"metadata"`
			Spec     struct {
				Template PodTemplate `yaml:"template"`
			} `yaml:"spec"`
		} `yaml:"jobTemplate"`
	} `yaml:"spec"`
}

// ReplicationController is a v1 ReplicationController, whose selector is a
// plain map of labels.
type ReplicationController struct {
	Head `yaml:",inline"`
	Spec struct {
		Replicas *int              `yaml:"replicas"`
		Selector map[string]string `yaml:"selector"`
		Template PodTemplate       `yaml:"template"`
	} `yaml:"spec"`
}

// Pods is what an object runs: the one view of every kind that makes pods.
type Pods struct {
	Template PodTemplate // of a Pod, the Pod itself
	Selector *Selector   // nil where the kind has none, or it is left out
	Replicas *int        // nil where it is left out or the kind has none
	// The keys that lead to the template, empty for a Pod: the pod's labels
	// are At(append(Path, "metadata", "labels")...).
	Path []any
	// WorkloadRef names the Deployment whose template an Argo Rollout uses
	// instead of one of its own; nil everywhere else. The template is empty then.
	WorkloadRef *WorkloadRef
}

// At is path below the template, as Object.At takes it.
func (p *Pods) At(path ...any) []any {
	return append(p.Path[:len(p.Path):len(p.Path)], path...)
}

// MakesPods reports whether the object is of a kind that PodsOf knows: a Pod,
// Deployment, StatefulSet, DaemonSet, ReplicaSet, ReplicationController, Job,
// CronJob or Argo Rollout.
func (o *Object) MakesPods() bool {
	switch (kindOf{o.Group(), o.Kind}) {
	case kindOf{"", "Pod"}, kindOf{"", "ReplicationController"}, kindOf{"apps", "Deployment"}, kindOf{"apps", "StatefulSet"},
		kindOf{"apps", "DaemonSet"}, kindOf{"apps", "ReplicaSet"}, kindOf{"batch", "Job"}, kindOf{"batch", "CronJob"}, kindOf{"argoproj.io", "Rollout"}:
		return true
	}
	return false
}

// PodsOf is the pods that the object makes, or nil for a kind that makes none
// (see MakesPods). The error is View's.
func PodsOf(o *Object) (*Pods, error) {
	if !o.MakesPods() {
		return nil, nil
	}
	switch o.Kind {
	case "Pod":
		pod, err := View[Pod](o)
		if err != nil {
			return nil, err
		}
		return &Pods{Template: PodTemplate{pod.Metadata, pod.Spec}}, nil
	case "CronJob":
		job, err := View[CronJob](o)
		if err != nil {
			return nil, err
		}
		return &Pods{Template: job.Spec.JobTemplate.Spec.Template, Path: []any{"spec", "jobTemplate", "spec", "template"}}, nil
	case "ReplicationController":
		rc, err := View[ReplicationController](o)
		if err != nil {
			return nil, err
		}
		pods := &Pods{Template: rc.Spec.Template, Replicas: rc.Spec.Replicas, Path: []any{"spec", "template"}}
		if rc.Spec.Selector != nil {
			pods.Selector = &Selector{MatchLabels: rc.Spec.Selector}
		}
		return pods, nil
	}
	w, err := View[Workload](o)
	if err != nil {
		return nil, err
	}
	return &Pods{Template: w.Spec.Template, Selector: w.Spec.Selector, Replicas: w.Spec.Replicas, Path: []any{"spec", "template"}, WorkloadRef: w.Spec.WorkloadRef}, nil
}

// Account is the service account that the pods run as: "default" where none is named.
func (s *PodSpec) Account() string {
	switch {
	case s.ServiceAccountName != "":
		return s.ServiceAccountName
	case s.ServiceAccount != "":
		return s.ServiceAccount
	}
	return "default"
}

// Running yields every container that runs as long as the pod does, with the
// keys that lead to it below the pod's spec: its containers, and the init
// containers that are sidecars (restartPolicy Always; Kubernetes 1.29 on).
func (s *PodSpec) Running(yield func(path []any, c *Container) bool) {
	for i := range s.Containers {
		if !yield([]any{"containers", i}, &s.Containers[i]) {
			return
		}
	}
	for i := range s.InitContainers {
		if s.InitContainers[i].Sidecar() && !yield([]any{"initContainers", i}, &s.InitContainers[i]) {
			return
		}
	}
}

// Sidecar reports whether an init container keeps running beside the others.
func (c *Container) Sidecar() bool { return c.RestartPolicy == "Always" }

// Transport is the port's protocol, TCP by default.
func (p ContainerPort) Transport() string {
	if p.Protocol == "" {
		return "TCP"
	}
	return p.Protocol
}
