package main

import (
	"bytes"
	"encoding/json"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/kubernetes/pkg/apis/networking"
	defaults "k8s.io/kubernetes/pkg/apis/networking/v1"
	"k8s.io/kubernetes/pkg/apis/networking/validation"
)

// admit does to a policy what the API server does to one that is created, with
// the functions that it does it with. A policy that was read is returned with
// the error that refuses it.
func admit(text []byte) (*networkingv1.NetworkPolicy, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	p := &networkingv1.NetworkPolicy{}
	if err := decoder.Decode(p); err != nil {
		if p.Name == "" {
			return nil, err
		}
		return p, err
	}
	defaults.SetObjectDefaults_NetworkPolicy(p)
	var internal networking.NetworkPolicy
	if err := defaults.Convert_v1_NetworkPolicy_To_networking_NetworkPolicy(p, &internal, nil); err != nil {
		return p, err
	}
	options := validation.ValidationOptionsForNetworking(&internal, nil)
	return p, validation.ValidateNetworkPolicy(&internal, options).ToAggregate()
}
