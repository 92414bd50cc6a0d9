// Package v2 stands in for the part of the provider's own SDK that its YAML components name.
package v2

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegisterResource fails: what components of the provider would register is not to be had here.
func RegisterResource(
	_ *pulumi.Context, apiVersion, kind, name string, _ pulumi.Input, _ ...pulumi.ResourceOption,
) (pulumi.CustomResource, error) {
	return nil, fmt.Errorf("%s %s %s: this build of the provider has no Helm, Kustomize and YAML components", apiVersion, kind, name)
}
