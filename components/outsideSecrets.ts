/** The Secrets that come from outside: by External Secrets, or sealed in the stack's configuration. */
import * as pulumi from "@pulumi/pulumi";
import { createHash } from "node:crypto";
import { NAMED_SECRET_SETTINGS, NAMED_SECRETS, NamedSecret } from "../settings/namedSecrets";
import type { ExternalSecretSettings, SealedSecretSettings, SecretStoreSettings } from "../settings/outsideSecrets";
import { externalSecret } from "./externalSecret";
import { MADE_ANEW, PartOptions } from "./part";
import { sealedSecret } from "./sealedSecret";
import { secretStore, StoreRef } from "./secretStore";
import { Stage } from "./stage";

/** The inputs of {@link OutsideSecrets}. */
export interface OutsideSecretsArgs {
    /** Namespace of the Secrets. */
    readonly namespace: string;
    /** The names of the Secrets, by the setting that says them. */
    readonly names: Readonly<Partial<Record<NamedSecret, string>>>;
    /** The store of what External Secrets makes. */
    readonly store?: SecretStoreSettings;
    /** What External Secrets makes. */
    readonly external: Readonly<Partial<Record<NamedSecret, ExternalSecretSettings>>>;
    /** What is sealed. */
    readonly sealed: Readonly<Partial<Record<NamedSecret, SealedSecretSettings>>>;
}

interface Source {
    readonly checksum: string;
    readonly make: (
        name: string,
        secret: string,
        follows: boolean,
        opts: pulumi.CustomResourceOptions,
    ) => pulumi.Resource;
}

/** A Secret from outside of which there is a candidate first. */
export interface StagedSecret {
    /** Changes with what is asked for; what is upstream may change by itself. */
    readonly checksum: string;
    /** Makes the Secret of a stage. */
    make(name: string, secret: string, stage: Stage, opts: pulumi.CustomResourceOptions): pulumi.Resource;
}

/**
 * The store and the Secrets of superuser, Ingress and registry, ready before any pod starts. The database's has a candidate, so
 * it is made by whoever knows when it goes live.
 */
export class OutsideSecrets extends pulumi.ComponentResource {
    /** Store and Secrets, to depend on. */
    readonly made: pulumi.Resource[] = [];
    /** The database's Secret, where it comes from outside. */
    readonly databaseSecret?: StagedSecret;
    private readonly store?: StoreRef;

    constructor(
        name: string,
        private readonly args: OutsideSecretsArgs,
        opts: PartOptions = {},
    ) {
        super("bots-edi:index:OutsideSecrets", name, {}, opts);
        const { namespace, names, store } = args;
        const child = { parent: this, dependsOn: opts.dependsOn };
        if (store) {
            const { ref, made } = secretStore(`${name}-store`, { namespace, store }, child);
            this.store = ref;
            this.made.push(...made);
        }
        const after = { ...child, dependsOn: [...(opts.dependsOn ?? []), ...this.made] };
        for (const setting of NAMED_SECRET_SETTINGS) {
            const secret = names[setting];
            const source = this.source(setting);
            if (secret === undefined || !source) continue;
            if (setting === "databaseSecret") this.databaseSecret = staged(source);
            else this.made.push(source.make(`${name}-${setting}`, secret, true, after));
        }
        this.registerOutputs({});
    }

    /** Where a Secret comes from; undefined where it does not come from outside. */
    private source(setting: NamedSecret): Source | undefined {
        const { namespace, store, external, sealed } = this.args;
        const shared = { namespace, type: NAMED_SECRETS[setting].type };
        const [opened, from, ref] = [sealed[setting], external[setting], this.store];
        if (opened) {
            return {
                checksum: sha256(opened),
                make: (name, secret, _, opts) => sealedSecret(name, { ...shared, ...opened, secret }, opts),
            };
        }
        if (!from || !ref) return undefined;
        const checksum = sha256([store, from.extract, from.keys]);
        const annotations = { "checksum/source": checksum };
        return {
            checksum,
            make: (name, secret, follows, opts) =>
                externalSecret(name, { ...shared, ...from, secret, store: ref, annotations, follows }, opts),
        };
    }
}

/** Nothing that is hashed here is secret: names of what a store has, and sealed values. */
function sha256(what: unknown): string {
    return createHash("sha256").update(JSON.stringify(what)).digest("hex");
}

/** The candidate follows what is upstream; the live one changes when it is told to. */
function staged({ checksum, make }: Source): StagedSecret {
    return {
        checksum,
        make: (name, secret, stage, opts) => {
            const isCandidate = stage === "candidate";
            // Made anew, so that what says whether it is ready speaks of this one.
            return make(name, secret, isCandidate, { ...opts, ...(isCandidate && MADE_ANEW) });
        },
    };
}
