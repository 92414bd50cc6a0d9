import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

/** One resource of the stack's configuration. `{ $ref: "name.property" }` in its arguments is another one's output. */
interface Declared {
    type: string;
    name: string;
    args?: Record<string, unknown>;
    options?: pulumi.CustomResourceOptions & { needs?: string[]; oldName?: string };
}

type Constructor = new (name: string, args: unknown, options: pulumi.CustomResourceOptions) => pulumi.CustomResource;

const config = new pulumi.Config();
const provider = new k8s.Provider("cluster", config.getObject("provider") ?? { enableConfigMapMutable: true });
const made = new Map<string, pulumi.CustomResource>();

function find(name: string): pulumi.CustomResource {
    const resource = made.get(name);
    if (!resource) throw new Error(`no resource '${name}' before the one that refers to it`);
    return resource;
}

function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== "object" || value === null) return value;
    if ("$ref" in value) {
        const [name = "", property = ""] = String(value.$ref).split(".");
        return (find(name) as unknown as Record<string, unknown>)[property];
    }
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, resolve(child)]));
}

function unknownType(type: string): Constructor {
    return class extends pulumi.CustomResource {
        constructor(name: string, args: unknown, options: pulumi.CustomResourceOptions) {
            super(type, name, args as pulumi.Inputs, options);
        }
    };
}

/** `kubernetes:apps/v1:Deployment` is k8s.apps.v1.Deployment; `random:…:RandomPassword` is random.RandomPassword. */
function constructorOf(type: string): Constructor {
    const [pkg = "", module = "", kind = ""] = type.split(":");
    const path = pkg === "random" ? [kind] : [...module.replace(/\.k8s\.io/, "").split("/"), kind];
    const root: unknown = pkg === "random" ? random : k8s;
    const found = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], root);
    return (found ?? unknownType(type)) as Constructor;
}

for (const { type, name, args, options = {} } of config.requireObject<Declared[]>("resources")) {
    const { needs = [], oldName, ...own } = options;
    const Resource = constructorOf(type);
    const resource = new Resource(name, resolve(args ?? {}), {
        ...own,
        ...(type.startsWith("kubernetes:") && { provider }),
        ...(oldName !== undefined && { aliases: [{ name: oldName }] }),
        dependsOn: needs.map(find),
    });
    made.set(name, resource);
}

export const outputs = resolve(config.getObject("outputs") ?? {});
