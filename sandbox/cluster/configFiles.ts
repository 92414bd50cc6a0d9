import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { sandboxName } from "../paths";
import { cgroupRoot } from "./cgroups";
import { images } from "./images";
import { componentKubeconfig } from "./kubeconfig";
import { layout } from "./layout";
import { packaged } from "./packages";
import { certificate, privateKey } from "./pki";
import { bridge, clusterDomain, dnsAddress, loopbackPorts, nodeAddress, nodeName, podNetwork } from "./settings";

export const configFiles = {
    containerd: join(layout.config, "containerd.toml"),
    cni: join(layout.cniConfig, `10-${sandboxName}.conflist`),
    kubelet: join(layout.config, "kubelet.yaml"),
    proxy: join(layout.config, "kube-proxy.yaml"),
} as const;

/** Writes the configuration of the components that take more than arguments. */
export function writeConfigFiles(): void {
    mkdirSync(layout.cniConfig, { recursive: true });
    write(configFiles.containerd, containerd());
    write(configFiles.cni, JSON.stringify(cni(), undefined, 2));
    write(configFiles.kubelet, stringify(kubelet()));
    write(configFiles.proxy, stringify(proxy()));
}

function write(file: string, content: string): void {
    // kube-proxy watches its file and ends at any write, even one that changes nothing.
    if (existsSync(file) && readFileSync(file, "utf8") === content) return;
    writeFileSync(file, content);
}

function containerd(): string {
    return `version = 2
root = "${layout.containerdRoot}"
state = "${layout.containerdState}"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]

[grpc]
address = "${layout.containerdSocket}"

[plugins."io.containerd.internal.v1.opt"]
path = "${join(layout.containerdRoot, "opt")}"

[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${images.pause}"
netns_mounts_under_state_dir = true
stream_server_address = "127.0.0.1"
# Profiles would be loaded into the host's kernel and outlive the sandbox.
disable_apparmor = true
# Lowering the score of the out-of-memory killer is denied inside most virtual machines and containers.
restrict_oom_score_adj = true

[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${packaged("usr/lib/cni")}"
conf_dir = "${layout.cniConfig}"

[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "runc"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "${join(packaged("usr/sbin"), "runc")}"
Root = "${layout.runcState}"
SystemdCgroup = false
`;
}

function cni() {
    return {
        cniVersion: "1.0.0",
        name: sandboxName,
        plugins: [
            {
                type: "bridge",
                bridge,
                isGateway: true,
                hairpinMode: true,
                // The sandbox's own table masquerades; the plugin would leave rules in tables that it shares.
                ipMasq: false,
                ipam: {
                    type: "host-local",
                    dataDir: layout.cniAddresses,
                    ranges: [[{ subnet: podNetwork, gateway: nodeAddress }]],
                    routes: [{ dst: "0.0.0.0/0" }],
                },
            },
        ],
    };
}

function kubelet() {
    return {
        apiVersion: "kubelet.config.k8s.io/v1beta1",
        kind: "KubeletConfiguration",
        address: nodeAddress,
        authentication: {
            anonymous: { enabled: false },
            webhook: { enabled: true },
            x509: { clientCAFile: certificate("ca") },
        },
        authorization: { mode: "Webhook" },
        tlsCertFile: certificate("kubelet-server"),
        tlsPrivateKeyFile: privateKey("kubelet-server"),
        healthzPort: loopbackPorts.kubeletHealth,
        clusterDNS: [dnsAddress],
        clusterDomain,
        resolvConf: upstreamResolvers(),
        containerRuntimeEndpoint: `unix://${layout.containerdSocket}`,
        cgroupDriver: "cgroupfs",
        cgroupRoot,
        failCgroupV1: false,
        failSwapOn: false,
        podLogsDir: layout.podLogs,
        volumePluginDir: layout.volumePlugins,
        // Rules in shared tables that only serve a kube-proxy in another mode.
        makeIPTablesUtilChains: false,
        maxPods: 100,
        // A busy machine's disk is no reason to throw images away that no registry could give back.
        imageGCHighThresholdPercent: 100,
        evictionHard: { "memory.available": "100Mi", "nodefs.available": "500Mi", "imagefs.available": "500Mi" },
    };
}

function proxy() {
    return {
        apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
        kind: "KubeProxyConfiguration",
        mode: "nftables",
        clusterCIDR: podNetwork,
        hostnameOverride: nodeName,
        clientConnection: { kubeconfig: componentKubeconfig("proxy") },
        healthzBindAddress: `127.0.0.1:${loopbackPorts.proxyHealth}`,
        metricsBindAddress: `127.0.0.1:${loopbackPorts.proxyMetrics}`,
        // The machine's connection tracking belongs to the machine: zero means leave it alone.
        conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    };
}

/** systemd-resolved's stub answers on loopback, which a pod cannot reach; its list of real servers is elsewhere. */
function upstreamResolvers(): string {
    const behindStub = "/run/systemd/resolve/resolv.conf";
    return existsSync(behindStub) ? behindStub : "/etc/resolv.conf";
}
