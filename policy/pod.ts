/** The fields of pods that the rules read. Not @pulumi/kubernetes' own types: to load them takes seconds at every run. */

interface SecurityOptions {
    runAsNonRoot?: boolean;
    runAsUser?: number;
    seccompProfile?: { type?: string };
    appArmorProfile?: { type?: string };
    seLinuxOptions?: { type?: string; user?: string; role?: string };
    windowsOptions?: { hostProcess?: boolean };
}

/** What a container may do. */
export interface ContainerSecurity extends SecurityOptions {
    allowPrivilegeEscalation?: boolean;
    capabilities?: { add?: string[]; drop?: string[] };
    privileged?: boolean;
    procMount?: string;
    readOnlyRootFilesystem?: boolean;
}

/** What every container of a pod may do. */
export interface PodSecurity extends SecurityOptions {
    sysctls?: { name: string }[];
}

/** A container of a pod. */
export interface Container {
    name: string;
    image?: string;
    env?: { name: string; value?: string }[];
    ports?: { hostPort?: number }[];
    resources?: Partial<Record<"requests" | "limits", Record<string, unknown>>>;
    securityContext?: ContainerSecurity;
}

/** A pod's specification. */
export interface PodSpec {
    containers?: Container[];
    initContainers?: Container[];
    hostIPC?: boolean;
    hostNetwork?: boolean;
    hostPID?: boolean;
    securityContext?: PodSecurity;
    /** Each with its name and one more key: its type. */
    volumes?: ({ name: string } & Record<string, unknown>)[];
}

/** What the pods of a workload are made from. */
export interface PodTemplate {
    metadata?: { labels?: Record<string, string> };
    spec?: PodSpec;
}
