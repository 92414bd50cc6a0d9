// Package kubernetes stands in for the part of the provider's own SDK that its components name.
package kubernetes

import "reflect"

// UntypedArgs are the inputs of a resource whose type is not known at compile time.
type UntypedArgs map[string]any

// ElementType makes UntypedArgs an input.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
