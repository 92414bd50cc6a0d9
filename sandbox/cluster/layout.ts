import { join } from "node:path";
import { cacheDir, runDir, stateDir } from "../paths";

/** Every folder and file of the cluster on the host, in one place. */
export const layout = {
    pki: join(stateDir, "pki"),
    kubeconfigs: join(stateDir, "kubeconfigs"),
    config: join(stateDir, "config"),
    cniConfig: join(stateDir, "config", "cni"),
    registries: join(stateDir, "config", "registries"),
    cniAddresses: join(stateDir, "cni"),
    etcdData: join(stateDir, "etcd"),
    containerdRoot: join(stateDir, "containerd"),
    kubeletRoot: join(stateDir, "kubelet"),
    volumePlugins: join(stateDir, "volume-plugins"),
    podLogs: join(stateDir, "pod-logs"),
    volumes: join(stateDir, "volumes"),
    imports: join(stateDir, "imports"),
    logs: join(stateDir, "logs"),
    hostRecord: join(stateDir, "host-before.json"),
    processes: join(runDir, "processes"),
    containerdState: join(runDir, "containerd"),
    containerdSocket: join(runDir, "containerd.sock"),
    iptables: join(runDir, "iptables"),
    runcState: join(runDir, "runc"),
    lock: `${runDir}.lock`,
} as const;

/** Built and downloaded things, one folder each, named by what they were made from. */
export const cache = {
    binaries: () => join(cacheDir(), "binaries"),
    packages: () => join(cacheDir(), "packages"),
    images: () => join(cacheDir(), "images"),
};
