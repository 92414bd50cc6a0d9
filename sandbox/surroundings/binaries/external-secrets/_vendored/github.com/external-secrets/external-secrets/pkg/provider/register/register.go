// Package register with the one provider that the sandbox has: the clients of all clouds are most of what External Secrets compiles.
package register

import (
	_ "github.com/external-secrets/external-secrets/pkg/provider/kubernetes" // Registers itself.
)
