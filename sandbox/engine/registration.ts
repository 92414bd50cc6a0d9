import type { RegisterResourceRequest } from "@pulumi/pulumi/proto/resource_pb";

import type { JsonObject } from "./values";

/** What the program asks for with one `new Resource(…)`. Inputs are wire values. */
export interface Registration {
    urn: string;
    type: string;
    name: string;
    custom: boolean;
    inputs: JsonObject;
    /** `<urn>::<id>` of an explicit provider, or "". */
    provider: string;
    needs: string[];
    aliases: string[];
    protect: boolean;
    retainOnDelete: boolean;
    deleteBeforeReplace: boolean;
    replaceOnChanges: string[];
    ignoreChanges: string[];
    additionalSecretOutputs: string[];
    timeoutsMs: { create?: number | undefined; update?: number | undefined; delete?: number | undefined };
}

/** Reads a request of the SDK; what this engine would have to honour, and the SDK does not refuse by itself, is an error. */
export function readRegistration(request: RegisterResourceRequest, project: string, stack: string): Registration {
    const type = request.getType();
    const name = request.getName();
    const refuse = (what: string): never => {
        throw new Error(
            `${type} '${name}': ${what} is not supported by the sandbox's engine: deploy this program with the Pulumi CLI`,
        );
    };
    if (request.getRemote()) refuse("a component of another language");
    if (request.getImportid()) refuse("the option import");
    if (request.getReplacementTrigger()) refuse("the option replacementTrigger");
    if (request.getEnvvarmappingsMap().getLength() > 0) refuse("the option envVarMappings");

    const parent = request.getParent();
    const provider = request.getProvider();
    const timeouts = request.getCustomtimeouts();
    return {
        urn: makeUrn(project, stack, parent, type, name),
        type,
        name,
        custom: request.getCustom(),
        inputs: request.getObject()?.toJavaScript() ?? {},
        provider,
        needs: [...new Set([...request.getDependenciesList(), parent, providerUrn(provider)].filter(Boolean))],
        aliases: request.getAliasurnsList(),
        protect: request.getProtect() ?? false,
        retainOnDelete: request.getRetainondelete() ?? false,
        deleteBeforeReplace: request.getDeletebeforereplace(),
        replaceOnChanges: request.getReplaceonchangesList(),
        ignoreChanges: request.getIgnorechangesList(),
        additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
        timeoutsMs: {
            create: parseDuration(timeouts?.getCreate()),
            update: parseDuration(timeouts?.getUpdate()),
            delete: parseDuration(timeouts?.getDelete()),
        },
    };
}

export const stackType = "pulumi:pulumi:Stack";

/** `urn:pulumi:<stack>::<project>::<parent types>$<type>::<name>`; the stack is no part of its children's types. */
export function makeUrn(project: string, stack: string, parent: string, type: string, name: string): string {
    const parentType = parent.split("::")[2] ?? stackType;
    const qualified = parentType === stackType ? type : `${parentType}$${type}`;
    return `urn:pulumi:${stack}::${project}::${qualified}::${name}`;
}

/** The URN in a provider reference; names may hold `::`, ids do not. */
export function providerUrn(reference: string): string {
    return reference.slice(0, Math.max(0, reference.lastIndexOf("::")));
}

/** Go's durations, as customTimeouts takes them: "90s", "1h30m". Empty is undefined. */
export function parseDuration(text: string | undefined): number | undefined {
    if (!text) return undefined;
    const unitMs: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
    if (!/^(\d+(\.\d+)?(ms|h|m|s))+$/.test(text))
        throw new Error(`customTimeouts: '${text}': expected a duration such as 90s, 5m or 1h30m`);
    return [...text.matchAll(/([\d.]+)(ms|h|m|s)/g)].reduce(
        (total, [, number, unit]) => total + Number(number) * (unitMs[unit ?? ""] ?? 0),
        0,
    );
}
