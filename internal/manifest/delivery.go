package manifest

// ApplicationSet is an argoproj.io ApplicationSet, as far as kgen writes one: a
// list, and the Application made of each of its elements.
type ApplicationSet struct {
	Head `yaml:",inline"`
	Spec struct {
		GoTemplate        bool     `yaml:"goTemplate"`
		GoTemplateOptions []string `yaml:"goTemplateOptions"`
		Generators        []struct {
			List *struct {
				Elements []map[string]string `yaml:"elements"`
			} `yaml:"list"`
		} `yaml:"generators"`
		// What becomes of an Application's resources when it goes.
		SyncPolicy struct {
			PreserveResourcesOnDeletion bool `yaml:"preserveResourcesOnDeletion"`
		} `yaml:"syncPolicy"`
		Template struct {
			Metadata Meta            `yaml:"metadata"`
			Spec     ApplicationSpec `yaml:"spec"`
		} `yaml:"template"`
	} `yaml:"spec"`
}

// ApplicationSpec is what Argo CD delivers, from where to where.
type ApplicationSpec struct {
	Project string `yaml:"project"`
	Source  struct {
		RepoURL        string `yaml:"repoURL"`
		TargetRevision string `yaml:"targetRevision"`
		Path           string `yaml:"path"`
		Kustomize      *struct {
			Patches []DeliveryPatch `yaml:"patches"`
		} `yaml:"kustomize"`
	} `yaml:"source"`
	Destination struct {
		Name      string `yaml:"name"`
		Server    string `yaml:"server"`
		Namespace string `yaml:"namespace"`
	} `yaml:"destination"`
	SyncPolicy struct {
		Automated *struct {
			Prune    bool `yaml:"prune"`
			SelfHeal bool `yaml:"selfHeal"`
		} `yaml:"automated"`
		SyncOptions []string `yaml:"syncOptions"`
	} `yaml:"syncPolicy"`
	IgnoreDifferences []struct {
		Group             string   `yaml:"group"`
		Kind              string   `yaml:"kind"`
		Name              string   `yaml:"name"`
		Namespace         string   `yaml:"namespace"`
		JQPathExpressions []string `yaml:"jqPathExpressions"`
		JSONPointers      []string `yaml:"jsonPointers"`
	} `yaml:"ignoreDifferences"`
}

// DeliveryPatch is a patch that the engine applies after the build.
type DeliveryPatch struct {
	Patch  string         `yaml:"patch"`
	Target DeliveryTarget `yaml:"target"`
}

// DeliveryTarget names objects; what is empty is any.
type DeliveryTarget struct {
	Group     string `yaml:"group"`
	Version   string `yaml:"version"`
	Kind      string `yaml:"kind"`
	Name      string `yaml:"name"`
	Namespace string `yaml:"namespace"`
}

// GitRepository is a source.toolkit.fluxcd.io GitRepository.
type GitRepository struct {
	Head `yaml:",inline"`
	Spec struct {
		Interval string `yaml:"interval"`
		URL      string `yaml:"url"`
		Ref      struct {
			Branch string `yaml:"branch"`
			Tag    string `yaml:"tag"`
			Semver string `yaml:"semver"`
			Name   string `yaml:"name"`
			Commit string `yaml:"commit"`
		} `yaml:"ref"`
		SecretRef *LocalName `yaml:"secretRef"`
	} `yaml:"spec"`
}

// LocalName names an object in the namespace of the one that names it.
type LocalName struct {
	Name string `yaml:"name"`
}

// FluxKustomization is a kustomize.toolkit.fluxcd.io Kustomization, which is
// another thing than kustomize's own.
type FluxKustomization struct {
	Head `yaml:",inline"`
	Spec struct {
		DependsOn     []LocalName `yaml:"dependsOn"`
		Interval      string      `yaml:"interval"`
		RetryInterval string      `yaml:"retryInterval"`
		Timeout       string      `yaml:"timeout"`
		SourceRef     struct {
			Kind      string `yaml:"kind"`
			Name      string `yaml:"name"`
			Namespace string `yaml:"namespace"`
		} `yaml:"sourceRef"`
		Path           string `yaml:"path"`
		Prune          bool   `yaml:"prune"`
		Wait           bool   `yaml:"wait"`
		DeletionPolicy string `yaml:"deletionPolicy"`
		KubeConfig     *struct {
			SecretRef LocalName `yaml:"secretRef"`
		} `yaml:"kubeConfig"`
		Patches []DeliveryPatch `yaml:"patches"`
		Ignore  []struct {
			Target DeliveryTarget `yaml:"target"`
			Paths  []string       `yaml:"paths"`
		} `yaml:"ignore"`
	} `yaml:"spec"`
}
