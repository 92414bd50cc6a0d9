/** The cluster's commands, and the Go modules that they are built from. */
import { join } from "node:path";
import { builtFolder, type GoModule, versionOf } from "../goModules";

const folder = (name: string) => join(__dirname, "binaries", name);

const kubernetes = {
    folder: folder("kubernetes"),
    source: "k8s.io/kubernetes",
    commands: ["kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet"],
    variables: (version: string) => {
        const [major = "", minor = ""] = version.slice(1).split(".");
        // Clients parse the server's version; without these it is a placeholder that kubectl refuses.
        return {
            "k8s.io/component-base/version.gitVersion": version,
            "k8s.io/component-base/version.gitMajor": major,
            "k8s.io/component-base/version.gitMinor": minor,
            "k8s.io/client-go/pkg/version.gitVersion": version,
        };
    },
} as const;

/** In this order: what the later ones share with Kubernetes is compiled by then. */
export const clusterModules: readonly GoModule[] = [
    kubernetes,
    {
        folder: folder("local-path"),
        source: "github.com/rancher/local-path-provisioner",
        commands: ["local-path-provisioner"],
        variables: (version) => ({ "main.VERSION": version }),
    },
    {
        folder: folder("kube-router"),
        source: "github.com/cloudnativelabs/kube-router/v2",
        commands: ["kube-router"],
        variables: (version) => ({ "github.com/cloudnativelabs/kube-router/v2/pkg/version.Version": version }),
    },
    { folder: folder("coredns"), source: "github.com/coredns/coredns", commands: ["coredns"] },
    {
        folder: folder("etcd"),
        source: "go.etcd.io/etcd/server/v3",
        commands: ["etcd"],
        renamed: { etcd: "server" },
    },
];

export type Binary =
    (typeof kubernetes.commands)[number] | "kube-router" | "etcd" | "coredns" | "local-path-provisioner";

/** Where a built command is, or will be once its module has been built. */
export function binaryPath(binary: Binary): string {
    const module = clusterModules.find(({ commands }) => commands.includes(binary));
    if (!module) throw new Error(`no Go module has the command ${binary}`);
    return join(builtFolder(module), binary);
}

/** The version of the pinned Kubernetes, as `v1.35.4`. */
export function kubernetesVersion(): string {
    return versionOf(kubernetes);
}
