import { PolicyPack, ResourceValidationPolicy } from "@pulumi/policy";
import * as pulumi from "@pulumi/pulumi";
import type { Rule } from "./rule";
import { fixedImage } from "./rules/fixedImage";
import { noPlainSecrets } from "./rules/noPlainSecrets";
import { noPulumiSecrets } from "./rules/noPulumiSecrets";
import { protectedVolumes } from "./rules/protectedVolumes";
import { requestsAndLimits } from "./rules/requestsAndLimits";
import { restrictedPods } from "./rules/restrictedPods";
import { singleJobqueue } from "./rules/singleJobqueue";
import { secretPaths } from "./secretPaths";

const RULES: Rule[] = [
    fixedImage,
    singleJobqueue,
    restrictedPods,
    requestsAndLimits,
    noPlainSecrets,
    noPulumiSecrets,
    protectedVolumes,
];

const production = pulumi.getStack() === "prod" || new pulumi.Config().getBoolean("production") === true;

const secretsOf = new Map<string, string[]>();

/** Changes nothing. Only remediations are told which values are secret, and they run before every validation. */
const markSecrets: ResourceValidationPolicy = {
    name: "mark-secrets",
    description: "Notes which inputs are secret, for the other policies.",
    enforcementLevel: "remediate",
    remediateResource: ({ urn, props }) => {
        secretsOf.set(urn, secretPaths(props));
    },
};

function policy({ name, description, faults }: Rule): ResourceValidationPolicy {
    return {
        name,
        description,
        validateResource: ({ type, props, urn, opts }, reportViolation) => {
            const object = { type, props, protect: opts.protect, secretPaths: secretsOf.get(urn) ?? [] };
            for (const fault of faults(object)) reportViolation(fault);
        },
    };
}

new PolicyPack("bots-edi", {
    enforcementLevel: production ? "mandatory" : "advisory",
    policies: [markSecrets, ...RULES.map(policy)],
});
