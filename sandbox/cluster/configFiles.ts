import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sandboxName } from "../paths";
import { cgroupRoot } from "./cgroups";
import { images } from "./images";
import { componentKubeconfig } from "./kubeconfig";
import { layout } from "./layout";
import { packaged } from "./packages";
import { certificate, privateKey } from "./pki";
import {
    bridge,
    clusterDomain,
    dnsAddress,
    loopbackPorts,
    nodeAddress,
    nodeName,
    podNetwork,
    registry,
} from "./settings";
import { fill } from "./template";

export const configFiles = {
    containerd: join(layout.config, "containerd.toml"),
    kubelet: join(layout.config, "kubelet.yaml"),
    proxy: join(layout.config, "kube-proxy.yaml"),
} as const;

/** What is written, by its template in the folder config. */
const targets: Readonly<Record<string, string>> = {
    "containerd.toml": configFiles.containerd,
    "kubelet.yaml": configFiles.kubelet,
    "kube-proxy.yaml": configFiles.proxy,
    // containerd reads it at each pull, so that the registry may come and go.
    "registry.toml": join(layout.registries, registry.host, "hosts.toml"),
    // Without masquerading: the sandbox's own table does that, and the plugin would leave rules in tables that it shares.
    "cni.conflist": join(layout.cniConfig, `10-${sandboxName}.conflist`),
};

/** Writes the configuration of the components that take more than arguments. */
export function writeConfigFiles(): void {
    const values = {
        ...layout,
        ...loopbackPorts,
        authority: certificate("ca"),
        bridge,
        cgroupRoot,
        clusterDomain,
        cniPlugins: packaged("usr/lib/cni"),
        dnsAddress,
        kubeletCertificate: certificate("kubelet-server"),
        kubeletKey: privateKey("kubelet-server"),
        nodeAddress,
        nodeName,
        pauseImage: images.pause,
        podNetwork,
        programs: packaged("usr/sbin"),
        proxyKubeconfig: componentKubeconfig("proxy"),
        registryAddress: registry.address,
        registryAuthority: certificate("registry-ca"),
        registryPort: registry.port,
        resolvers: upstreamResolvers(),
        sandboxName,
    };
    for (const [template, file] of Object.entries(targets)) {
        const content = fill(readFileSync(join(__dirname, "config", template), "utf8"), values);
        mkdirSync(dirname(file), { recursive: true });
        // kube-proxy watches its file and ends at any write, even one that changes nothing.
        if (!existsSync(file) || readFileSync(file, "utf8") !== content) writeFileSync(file, content);
    }
}

/** systemd-resolved's stub answers on loopback, which a pod cannot reach; its list of real servers is elsewhere. */
function upstreamResolvers(): string {
    const behindStub = "/run/systemd/resolve/resolv.conf";
    return existsSync(behindStub) ? behindStub : "/etc/resolv.conf";
}
