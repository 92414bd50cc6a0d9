import { eachContainer, podTemplate, title } from "../deployedObject";
import type { Container, ContainerSecurity, PodSecurity, PodSpec } from "../pod";
import type { Rule } from "../rule";

const VOLUME_TYPES = new Set([
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
]);

const SAFE_SYSCTLS = new Set([
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
]);

const SELINUX_TYPES = new Set(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"]);

/** A check: what is wrong, and whether it is. */
type Finding = readonly [fault: string, found: boolean];

function found(findings: readonly Finding[]): string[] {
    return findings.filter(([, wrong]) => wrong).map(([fault]) => fault);
}

/** What pods and containers may both set. */
function sharedFaults({ appArmorProfile, seLinuxOptions, windowsOptions }: PodSecurity | ContainerSecurity): Finding[] {
    const { type = "", user, role } = seLinuxOptions ?? {};
    return [
        ["appArmorProfile is Unconfined; remove it", appArmorProfile?.type === "Unconfined"],
        [
            "seLinuxOptions sets a privileged type, a user or a role; remove it",
            !SELINUX_TYPES.has(type) || !!(user ?? role),
        ],
        ["windowsOptions.hostProcess is true; remove it", windowsOptions?.hostProcess === true],
    ];
}

function podFaults(pod: PodSpec): string[] {
    const context = pod.securityContext ?? {};
    const sources = (pod.volumes ?? []).map(({ name, ...source }) => ({
        name,
        type: Object.keys(source).find((key) => !VOLUME_TYPES.has(key)),
    }));
    const unsafe = (context.sysctls ?? []).filter(({ name }) => !SAFE_SYSCTLS.has(name));
    return [
        ...found([
            ["hostNetwork is true; remove it", pod.hostNetwork === true],
            ["hostPID is true; remove it", pod.hostPID === true],
            ["hostIPC is true; remove it", pod.hostIPC === true],
            ["securityContext.runAsUser is 0; use another user", context.runAsUser === 0],
            ...sharedFaults(context),
        ]),
        ...unsafe.map(({ name }) => `sysctl ${name} is not safe; remove it`),
        ...sources
            .filter(({ type }) => type !== undefined)
            .map(({ name, type }) => `volume ${name} is a ${type ?? ""}; use one of ${[...VOLUME_TYPES].join(", ")}`),
    ];
}

function containerFaults(container: Container, pod: PodSpec): string[] {
    const own = container.securityContext ?? {};
    const seccomp = (own.seccompProfile ?? pod.securityContext?.seccompProfile)?.type;
    const added = (own.capabilities?.add ?? []).filter((capability) => capability !== "NET_BIND_SERVICE");
    return found([
        ["runAsNonRoot is not true; set it", (own.runAsNonRoot ?? pod.securityContext?.runAsNonRoot) !== true],
        ["runAsUser is 0; use another user", own.runAsUser === 0],
        ["seccompProfile is not set; set RuntimeDefault", seccomp !== "RuntimeDefault" && seccomp !== "Localhost"],
        ["allowPrivilegeEscalation is not false; set it to false", own.allowPrivilegeEscalation !== false],
        ["capabilities.drop lacks ALL; add it", !own.capabilities?.drop?.includes("ALL")],
        [`capabilities.add has ${added.join(", ")}; remove it`, added.length > 0],
        ["privileged is true; remove it", own.privileged === true],
        [`procMount is ${own.procMount ?? ""}; remove it`, (own.procMount ?? "Default") !== "Default"],
        ["a port has a hostPort; remove it", (container.ports ?? []).some(({ hostPort }) => !!hostPort)],
        ["readOnlyRootFilesystem is not true; set it", own.readOnlyRootFilesystem !== true],
        ...sharedFaults(own),
    ]);
}

/** Pod Security at its strictest, and a root file system that nobody writes to. */
export const restrictedPods: Rule = {
    name: "restricted-pods",
    description: "Every pod keeps to the Pod Security Standard `restricted`, with a read-only root file system.",
    faults: (object) => [
        ...podFaults(podTemplate(object)?.spec ?? {}).map((fault) => `${title(object)}: ${fault}`),
        ...eachContainer(object, containerFaults),
    ],
};
