/** What the program is measured against: the same SDKs, as many resources of the same types, and nothing in them. */
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import "@pulumi/random";

type Resource = new (name: string, args: object, opts: pulumi.ResourceOptions) => pulumi.Resource;

/** The SDK's class of a type such as `kubernetes:networking.k8s.io/v1:Ingress`. */
function resourceClass(type: string): Resource | undefined {
    const [, group = "", version = "", kind = ""] = /^kubernetes:([^./]+)[^/]*\/(\w+):(\w+)$/.exec(type) ?? [];
    const sdk = kubernetes as unknown as Record<string, Record<string, Record<string, Resource>> | undefined>;
    return sdk[group]?.[version]?.[kind];
}

/** Some types insist on these. */
const EMPTY = { spec: {}, roleRef: {} };

const provider = new kubernetes.Provider("cluster");
const types = JSON.parse(process.env.BENCH_TYPES ?? "[]") as string[];

for (const [index, type] of types.entries()) {
    const name = `object-${index}`;
    const known = resourceClass(type);
    if (known) new known(name, EMPTY, { provider });
    else if (type === "pulumi:index:Stash") new pulumi.Stash(name, { input: "" });
    else if (type.startsWith("kubernetes:")) {
        new kubernetes.apiextensions.CustomResource(name, { apiVersion: "v1", kind: "Empty" }, { provider });
    } else if (!type.startsWith("pulumi:")) new pulumi.ComponentResource(type, name);
}
