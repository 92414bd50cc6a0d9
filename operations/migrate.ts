/** From the old architecture, one Deployment with one claim for everything, to a stack. */
import { CLAIMS, DATA_DIR } from "../components/podTemplate";
import { adopt, type AdoptOptions, agree, undoable } from "./adopt";
import { CopyPod } from "./adopt/copyPod";
import { stop } from "./adopt/handOver";
import { type LiveObject } from "./adopt/objects";
import { describe, type Found } from "./adopt/plan";
import { prepare, recordOf, type Work } from "./adopt/prepare";
import { podsOn, waitForEngines } from "./adopt/quiet";
import { type Source } from "./adopt/record";
import { begin, finish, pause } from "./adopt/steps";
import { OperatorError } from "./errors";
import { lastWords } from "./exec";
import { type System } from "./system";

/** Names of the specification's old architecture. */
const OLD = "bots-edi";
const OLD_SERVICE = "bots-edi-svc";

interface Deployment extends LiveObject {
    readonly spec: {
        readonly template: {
            readonly spec: {
                readonly containers: readonly {
                    readonly name: string;
                    readonly env?: readonly { readonly name: string; readonly value?: string }[];
                    readonly volumeMounts?: readonly {
                        readonly name: string;
                        readonly mountPath: string;
                        readonly subPath?: string;
                    }[];
                }[];
                readonly volumes?: readonly {
                    readonly name: string;
                    readonly persistentVolumeClaim?: { readonly claimName: string };
                }[];
            };
        };
    };
}

const print = (line: string) => process.stdout.write(`${line}\n`);

/**
 * Migrates, or keeps or takes back a migration.
 *
 * @throws OperatorError before anything is changed where it cannot be done; later, where it failed and was taken back
 */
export async function migrate(system: System, options: AdoptOptions): Promise<void> {
    if (options.undo || options.confirm) return adopt(system, options);
    const old = await oldObjects(system);
    const source = await sourceOf(system, old[0]);
    const work = await prepare(system, old);
    print(`Stack ${system.stack} takes over from Deployment ${OLD} in namespace ${system.settings.namespace}:\n`);
    print(
        `copy       the files of claim ${source.claim}, env/${source.env}: while it serves, and what changed in the pause`,
    );
    print(`${describe(work.plan)}\n`);
    await agree(options);
    const adoption = { ...(await recordOf(system, work)), source };
    await undoable(system, adoption, () => takeOver(system, work, source));
}

/** The Deployment, its Service, and the Ingresses to that. */
async function oldObjects({ kubectl, settings }: System): Promise<[Deployment, ...LiveObject[]]> {
    const { namespace } = settings;
    const get = ["get", "deployments,services,ingresses", "-n", namespace, "-o", "json", "--show-managed-fields"];
    const { items } = JSON.parse(await kubectl.run(get)) as { items: LiveObject[] };
    const named = (kind: string, name: string) =>
        items.find((object) => object.kind === kind && object.metadata.name === name);
    const deployment = named("Deployment", OLD);
    if (!deployment) {
        const todo = "`adopt` takes over what was made from newer manifests, `pulumi up` makes a new system";
        throw new OperatorError(`there is nothing to migrate: no Deployment ${OLD} in namespace ${namespace}; ${todo}`);
    }
    const service = named("Service", OLD_SERVICE);
    const ways = items.filter(
        (object) => object.kind === "Ingress" && JSON.stringify(object.spec).includes(`"name":"${OLD_SERVICE}"`),
    );
    return [deployment as Deployment, ...(service ? [service] : []), ...ways];
}

/** Where the files are. */
async function sourceOf(system: System, { spec }: Deployment): Promise<Source> {
    const { containers, volumes = [] } = spec.template.spec;
    const mounted = containers.flatMap(({ name, env = [], volumeMounts = [] }) =>
        volumeMounts.filter(({ mountPath }) => mountPath === DATA_DIR).map((mount) => ({ name, env, mount })),
    )[0];
    const claim = volumes.find(({ name }) => name === mounted?.mount.name)?.persistentVolumeClaim?.claimName;
    if (!mounted || claim === undefined) {
        throw new OperatorError(`Deployment ${OLD} has no claim at ${DATA_DIR}: bring its files there, then migrate`);
    }
    if (Object.values(CLAIMS).includes(claim as never)) {
        throw new OperatorError(
            `Deployment ${OLD} has the stack's own claim ${claim}: delete the Deployment, then \`adopt\``,
        );
    }
    const pods = await podsOn(system, claim);
    const own = pods.find(({ metadata, status }) => metadata.name.startsWith(`${OLD}-`) && status.phase === "Running");
    const other = pods.find(({ metadata }) => !metadata.name.startsWith(`${OLD}-`));
    if (other) throw new OperatorError(`pod ${other.metadata.name} uses the claim ${claim} too: stop it, then migrate`);
    if (!own) throw new OperatorError(`Deployment ${OLD} has no pod that runs: scale it to 1, then migrate`);
    const env = mounted.env.find(({ name }) => name === "BOTSENV")?.value ?? "default";
    const exec = ["exec", own.metadata.name, "-n", system.settings.namespace, "-c", mounted.name];
    const listed = await system.kubectl.try([...exec, "--", "ls", `${DATA_DIR}/env`]);
    const all = listed.stdout.split("\n").filter(Boolean);
    if (listed.code !== 0)
        throw new OperatorError(`the files of Deployment ${OLD} cannot be seen: ${lastWords(listed)}`);
    if (!all.includes(env) || (env !== "default" && all.includes("default"))) {
        const found = `env has ${all.join(", ") || "nothing"}, and BOTSENV is ${env}`;
        throw new OperatorError(
            `${DATA_DIR}/${found}: leave that one environment there, set BOTSENV to it, then migrate`,
        );
    }
    return { claim, subPath: mounted.mount.subPath, env, node: own.spec.nodeName };
}

/** The old Deployment serves until the last copy. */
async function takeOver(system: System, work: Work, source: Source): Promise<void> {
    const claims = await makeClaims(system, work);
    const pod = await CopyPod.start(system, source);
    print(`Files, while the old system serves: ${await pod.copy("first")}`);
    await begin(system, work, claims);

    print("The old system stops, and what changed is copied.");
    await pause(system, work);
    await waitForEngines(system, source.claim);
    await stop(system, OLD);
    print(`Files: ${await pod.copy("last")}`);
    await pod.remove();
    await finish(system, work);
}

/** Makes the claims that are not there: the files are copied before the stack comes up. */
async function makeClaims({ kubectl }: System, { plan }: Work): Promise<Found[]> {
    const claims = plan.made.filter(({ manifest }) => manifest.kind === "PersistentVolumeClaim");
    const made: Found[] = [];
    for (const resource of claims) {
        const input = JSON.stringify(resource.manifest);
        const live = JSON.parse(await kubectl.run(["create", "-o", "json", "-f", "-"], { input })) as LiveObject;
        made.push({ resource, live, way: "keep" });
    }
    return made;
}
