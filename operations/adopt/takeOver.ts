/** Has Pulumi take objects over, and bring the stack up with them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OperatorError } from "../errors";
import { type Pulumi } from "../pulumi";
import { type Found } from "./plan";

/** Whoever set a field before: kubectl's fields are taken over by themselves, those of a tool are not. */
const FORCE = { PULUMI_K8S_ENABLE_PATCH_FORCE: "true" };

/** An entry of the file that `pulumi preview --import-file` writes and `pulumi import --file` reads. */
export interface Entry {
    readonly type: string;
    readonly name: string;
    /** Its name in the stack, where another entry has the same. */
    readonly logicalName?: string;
    readonly parent?: string;
    readonly component?: boolean;
    id?: string;
}

export interface ImportFile {
    readonly resources?: readonly Entry[];
}

/** What is imported of all that the stack would create: what is kept, and the components around it. */
export function imported<T extends ImportFile>(file: T, kept: readonly Found[]): T {
    const entries = file.resources ?? [];
    const ids = new Map(
        kept.map(({ resource: { type, name, manifest } }) => {
            const { namespace, name: object } = manifest.metadata;
            return [`${type} ${name}`, namespace === undefined ? object : `${namespace}/${object}`];
        }),
    );
    const chosen = new Set<Entry>();
    const choose = (entry: Entry | undefined) => {
        if (!entry || chosen.has(entry)) return;
        chosen.add(entry);
        choose(entries.find(({ name }) => name === entry.parent));
    };
    for (const entry of entries) {
        const id = ids.get(`${entry.type} ${entry.logicalName ?? entry.name}`);
        if (id === undefined) continue;
        entry.id = id;
        choose(entry);
    }
    return { ...file, resources: entries.filter((entry) => chosen.has(entry)) };
}

/** Puts what is kept into the state; nothing on the cluster changes. */
export async function importKept(pulumi: Pulumi, kept: readonly Found[]): Promise<void> {
    if (kept.length === 0) return;
    const folder = mkdtempSync(join(tmpdir(), "bots-edi-adopt-"));
    const file = join(folder, "import.json");
    try {
        // Without a cluster: with one a preview would try to make what is there already.
        const nowhere = { KUBECONFIG: join(folder, "none"), KUBERNETES_SERVICE_HOST: undefined };
        await pulumi.run(nowhere, "preview", "--import-file", file);
        const chosen = imported(JSON.parse(readFileSync(file, "utf8")) as ImportFile, kept);
        if (chosen.resources?.filter(({ component }) => !component).length !== kept.length) {
            throw new OperatorError("the stack would not create all that is to be kept: see `pulumi preview`");
        }
        writeFileSync(file, JSON.stringify(chosen));
        await pulumi.run(
            {},
            "import",
            "--file",
            file,
            "--yes",
            "--skip-preview",
            "--generate-code=false",
            "--protect=false",
        );
    } finally {
        rmSync(folder, { recursive: true, force: true });
    }
}

async function up(pulumi: Pulumi, env: Readonly<Record<string, string>>, ...options: string[]): Promise<void> {
    const code = await pulumi.showWith(env, "up", "--yes", "--skip-preview", ...options);
    if (code !== 0) throw new OperatorError("`pulumi up` failed, see above");
}

/** What goes live once db-init has completed; everything else that does comes after these. */
const LIVE = ["ini", "settings", "env"].map((what) => `**::bots-edi-config-${what}`);

/** Everything up to db-init: nothing that runs is touched. */
export async function upToInit(pulumi: Pulumi): Promise<void> {
    await up(pulumi, FORCE, ...LIVE.flatMap((urn) => ["--exclude", urn]), "--exclude-dependents");
}

/** The whole stack. The second time as ever after, so that nothing of the first is left to change. */
export async function upWhole(pulumi: Pulumi): Promise<void> {
    await up(pulumi, FORCE);
    await up(pulumi, {});
}
