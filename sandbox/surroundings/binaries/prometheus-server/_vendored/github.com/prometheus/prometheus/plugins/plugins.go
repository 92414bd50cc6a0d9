// Package plugins with Kubernetes as the one place where targets are found: the others are most of what Prometheus compiles.
package plugins

import _ "github.com/prometheus/prometheus/discovery/kubernetes" // It registers itself.
