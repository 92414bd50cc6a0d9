// metrics-server with the client libraries of Kubernetes 1.35, which is compiled already. Its own main is of 1.33: it names the
// types of the API by their Go packages, where 1.35 asks for the names that the API shows.
package main

import (
	"log"
	"os"

	"github.com/spf13/pflag"
	"k8s.io/apiserver/pkg/endpoints/openapi"
	"k8s.io/apiserver/pkg/server"
	"k8s.io/kube-openapi/pkg/common"
	"k8s.io/kube-openapi/pkg/util"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/metrics-server/cmd/metrics-server/app/options"
	"sigs.k8s.io/metrics-server/pkg/api"
	generated "sigs.k8s.io/metrics-server/pkg/api/generated/openapi"
)

func definitions(ref common.ReferenceCallback) map[string]common.OpenAPIDefinition {
	named := map[string]common.OpenAPIDefinition{}
	shown := func(name string) spec.Ref { return ref(util.ToRESTFriendlyName(name)) }
	for name, definition := range generated.GetOpenAPIDefinitions(shown) {
		for i, dependency := range definition.Dependencies {
			definition.Dependencies[i] = util.ToRESTFriendlyName(dependency)
		}
		named[util.ToRESTFriendlyName(name)] = definition
	}
	return named
}

func run(opts *options.Options) error {
	if errors := opts.Validate(); len(errors) > 0 {
		return errors[0]
	}
	config, err := opts.ServerConfig()
	if err != nil {
		return err
	}
	namer := openapi.NewDefinitionNamer(api.Scheme)
	config.Apiserver.OpenAPIConfig = server.DefaultOpenAPIConfig(definitions, namer)
	config.Apiserver.OpenAPIV3Config = server.DefaultOpenAPIV3Config(definitions, namer)
	metrics, err := config.Complete()
	if err != nil {
		return err
	}
	return metrics.RunUntil(server.SetupSignalHandler())
}

func main() {
	opts := options.NewOptions()
	flags := pflag.NewFlagSet("metrics-server", pflag.ExitOnError)
	for _, set := range opts.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	_ = flags.Parse(os.Args[1:])
	if err := run(opts); err != nil {
		log.Fatal(err)
	}
}
