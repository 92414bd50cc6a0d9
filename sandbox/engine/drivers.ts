import { Client } from "./client";
import type { Driver } from "./driver";
import { type Cluster, KubernetesDriver } from "./kubernetesDriver";
import { providerUrn } from "./registration";
import { providerDriver, passwordDriver } from "./simpleDrivers";
import { type JsonObject, revealObject, text } from "./values";

const providerPrefix = "pulumi:providers:";
const passwordType = "random:index/randomPassword:RandomPassword";
const kubernetesProvider = `${providerPrefix}kubernetes`;
/** Kinds of the Kubernetes package that are programs of their own, not objects. */
const foreign = /^kubernetes:(helm|yaml|kustomize)/;

const honoured = [
    "kubeconfig",
    "context",
    "namespace",
    "clusterIdentifier",
    "enableConfigMapMutable",
    "enableSecretMutable",
    "version",
];

export interface Surroundings {
    /** Of providers that name none. */
    kubeconfig: string;
    signal: AbortSignal;
    print: (line: string) => void;
    /** The inputs of a provider resource, by URN. */
    providerInputs: (urn: string) => JsonObject | undefined;
}

export function isProvider(type: string): boolean {
    return type.startsWith(providerPrefix);
}

/** Throws for a type that this engine cannot realise, and for provider options that it would have to ignore. */
export function checkType(type: string, name: string, inputs: JsonObject): void {
    if (type === kubernetesProvider) {
        const unknown = Object.keys(inputs).filter((key) => !honoured.includes(key));
        if (unknown.length > 0)
            throw new Error(
                `provider '${name}': ${unknown.join(", ")}: not supported by the sandbox's engine: deploy this program with the Pulumi CLI`,
            );
        return;
    }
    if (type === `${providerPrefix}random` || type === passwordType) return;
    if (type.startsWith("kubernetes:") && !foreign.test(type)) return;
    throw new Error(
        `${type} '${name}': the sandbox's engine realises Kubernetes objects and RandomPassword only: deploy this program with the Pulumi CLI (pulumi up)`,
    );
}

/** Finds the driver of a resource; drivers of the same provider share one connection. */
export class Drivers {
    private readonly clusters = new Map<string, Promise<KubernetesDriver>>();

    constructor(private readonly around: Surroundings) {}

    async of(type: string, provider: string): Promise<Driver> {
        if (isProvider(type)) return providerDriver;
        if (type === passwordType) return passwordDriver;
        const urn = providerUrn(provider);
        let driver = this.clusters.get(urn);
        if (!driver) {
            driver = this.connect(revealObject(this.around.providerInputs(urn) ?? {}));
            this.clusters.set(urn, driver);
        }
        return driver;
    }

    private async connect(options: JsonObject): Promise<KubernetesDriver> {
        const { kubeconfig, signal, print } = this.around;
        const option = (key: string): string | undefined => {
            const value = options[key];
            return typeof value === "string" && value ? value : undefined;
        };
        // The SDK hands these over as JSON text.
        const flag = (key: string): boolean => text(options[key]) === "true";
        const warn = (warning: string): void => {
            print(`  warning: ${warning}`);
        };
        const client = await Client.connect(option("kubeconfig") ?? kubeconfig, option("context"), warn);
        const cluster: Cluster = {
            client,
            namespace: option("namespace") ?? client.defaultNamespace,
            configMapMutable: flag("enableConfigMapMutable"),
            secretMutable: flag("enableSecretMutable"),
            signal,
            print,
        };
        return new KubernetesDriver(cluster);
    }
}
