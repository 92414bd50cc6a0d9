// The Kubernetes provider for Pulumi, from its Go module. Its own main embeds two generated files that the module lacks.
package main

import (
	_ "embed"
	"io"
	"os"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

// What an import takes over from a live object: the properties of each kind that this repository makes.
//
//go:embed schema.json
var schema []byte

func main() {
	go endWithEngine()
	provider.Serve("kubernetes", version.Version, schema, []byte("{}"))
}

// The engine holds this process' input open: it ends where the engine ends, however that comes about. By itself it looks for
// the engine every five minutes, and then cancels a context that nobody waits for.
func endWithEngine() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(1)
}
