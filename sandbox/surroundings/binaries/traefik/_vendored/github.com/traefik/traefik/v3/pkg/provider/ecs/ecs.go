// Package ecs without Amazon's client: nothing in the sandbox is asked for by it.
package ecs

import (
	"errors"

	"github.com/traefik/traefik/v3/pkg/config/dynamic"
	"github.com/traefik/traefik/v3/pkg/safe"
)

var errLeftOut = errors.New("built without Amazon ECS")

// Provider is the place that Traefik's static configuration has for it.
type Provider struct{}

// SetDefaults has none to set.
func (*Provider) SetDefaults() {}

// Init refuses.
func (*Provider) Init() error { return errLeftOut }

// Provide refuses.
func (*Provider) Provide(chan<- dynamic.Message, *safe.Pool) error { return errLeftOut }
