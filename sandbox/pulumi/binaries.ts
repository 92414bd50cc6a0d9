/** The Pulumi CLI and the Kubernetes provider, and the Go modules that they are built from. */
import { join } from "node:path";
import { type GoModule } from "../goModules";

const folder = (name: string) => join(__dirname, "binaries", name);

/** The CLI, at the version of the SDK. */
export const cli: GoModule = {
    folder: folder("pulumi"),
    source: "github.com/pulumi/pulumi/pkg/v3",
    commands: ["pulumi"],
    variables: (version) => ({ "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": version }),
};

/** The newest provider that is a Go module: just before 4.25.0. */
export const kubernetesProvider: GoModule = {
    folder: folder("kubernetes-provider"),
    source: "github.com/pulumi/pulumi-kubernetes/provider/v4",
    commands: ["pulumi-resource-kubernetes"],
    variables: () => ({ "github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version.Version": "4.25.0-alpha" }),
};
