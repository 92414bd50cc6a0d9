import { cacheDir, runDir, stateDir } from "../paths";
import { type GoModule, title } from "../goModules";
import { kubernetesVersion } from "./binaries";
import { missingPackages } from "./packages";
import { bridge, podNetwork, serviceNetwork } from "./settings";

/** What `up` will do to this machine, in plain words: `builds` is what it builds, `packages` are those that it needs beside its own. */
export async function plan(builds: readonly GoModule[], packages: readonly string[]): Promise<string[]> {
    const missing = await missingPackages(packages);
    return [
        `Kubernetes ${kubernetesVersion()} on this machine. This will:`,
        ...(missing.length > 0 ? [`- install from the distribution: ${missing.join(", ")}`] : []),
        ...(builds.length > 0 ? [`- build ${builds.map(title).join(", ")} (minutes, once)`] : []),
        `- keep what can be built again in ${cacheDir()}`,
        `- keep the cluster in ${stateDir} and ${runDir}`,
        `- make the bridge ${bridge} and firewall rules for ${podNetwork} and ${serviceNetwork}; turn on IP forwarding`,
        "- run etcd, the Kubernetes components and a containerd of its own, as root, in cgroups of their own",
        "`down` stops it, `purge` takes all of it back.",
    ];
}
