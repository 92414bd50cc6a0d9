import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { parse, stringify } from "yaml";

import { PROGRAM_PARTS } from "../../../sandbox/deployer";
import { Client, type KubeObject, type Metadata } from "../../../sandbox/engine/client";
import { Deployment } from "../../../sandbox/engine/deployment";
import { State } from "../../../sandbox/engine/state";
import { isObject, type Json, type JsonObject, revealObject } from "../../../sandbox/engine/values";
import { kubeconfig } from "./stack";

const repository = join(__dirname, "..", "..", "..");
const stack = "sandbox";

describe("engine: parity with the Pulumi CLI", function () {
    this.timeout(1_200_000);
    let dir: string;
    let client: Client;
    const namespaces = { pulumi: "parity-pulumi", engine: "parity-engine" };

    before(async function () {
        if (!hasPulumi()) {
            process.stdout.write("    skipped: no pulumi on the PATH to compare with\n");
            this.skip();
        }
        client = await Client.connect(kubeconfig, undefined, () => undefined);
        dir = mkdtempSync(join(tmpdir(), "parity-"));
        for (const name of PROGRAM_PARTS) symlinkSync(join(repository, name), join(dir, name));
        symlinkSync(join(repository, "Pulumi.yaml"), join(dir, "Pulumi.yaml"));
        mkdirSync(join(dir, "backend"));
    });

    after(async function () {
        if (!hasPulumi()) return;
        for (const name of Object.values(namespaces))
            await client.delete({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
        rmSync(dir, { recursive: true });
    });

    /** The stack as it is in the repository, in another namespace. */
    const configure = (namespace: string): void => {
        const file = parse(readFileSync(join(repository, `Pulumi.${stack}.yaml`), "utf8")) as { config: JsonObject };
        const config = { ...file.config, "bots-edi:namespace": namespace };
        writeFileSync(join(dir, `Pulumi.${stack}.yaml`), stringify({ config }));
    };

    const pulumi = async (...args: string[]): Promise<string> => {
        const environment = {
            ...process.env,
            KUBECONFIG: kubeconfig,
            PULUMI_BACKEND_URL: `file://${join(dir, "backend")}`,
            PULUMI_CONFIG_PASSPHRASE: "parity",
        };
        const options = { cwd: dir, env: environment, maxBuffer: 64 * 1024 * 1024 };
        const { stdout } = await promisify(execFile)("pulumi", [...args, "--non-interactive"], options);
        return stdout;
    };

    it("makes the same objects", async () => {
        configure(namespaces.pulumi);
        await pulumi("stack", "init", stack);
        await pulumi("up", "--yes", "--skip-preview", "--stack", stack);

        configure(namespaces.engine);
        const stateFile = join(dir, "state.json");
        const options = { projectDir: dir, stack, kubeconfig, stateFile, log: () => undefined };
        await new Deployment(options).up();
        const entries = State.open(stateFile, "bots-edi", stack)
            .all()
            .filter(({ type }) => type.startsWith("kubernetes:"));
        assert.ok(entries.length > 10, `${entries.length} objects`);

        const theirs = (
            JSON.parse(await pulumi("stack", "export", "--stack", stack)) as {
                deployment: { resources: { urn: string }[] };
            }
        ).deployment.resources.map(({ urn }) => urn);
        const ours = State.open(stateFile, "bots-edi", stack)
            .all()
            .map(({ urn }) => urn);
        assert.deepEqual(ours.sort(), theirs.filter((urn) => !/::pulumi:providers:.*::default/.test(urn)).sort());

        for (const { inputs, name } of entries) {
            const object = revealObject(inputs) as KubeObject;
            const [left, right] = await Promise.all(
                Object.values(namespaces).map((namespace) => comparable(client, object, namespace)),
            );
            assert.deepEqual(right, left, `${object.kind} ${name}`);
        }
    });
});

function hasPulumi(): boolean {
    try {
        execFileSync("pulumi", ["version"], { stdio: "ignore" });
        return true;
    } catch {
        return false;
    }
}

/** The live object without what no two objects share. */
async function comparable(client: Client, wanted: KubeObject, namespace: string): Promise<Json> {
    const { apiVersion, kind, metadata } = wanted;
    const target: Metadata = kind === "Namespace" ? { name: namespace } : { name: metadata.name, namespace };
    const live = await client.read({ apiVersion, kind, metadata: target });
    assert.ok(live, `${kind} ${metadata.name} in ${namespace}`);
    return strip(JSON.parse(JSON.stringify(live).replaceAll(namespace, "NAMESPACE")) as Json, []);
}

const individual = new Set([
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
    "status",
    "clusterIP",
    "clusterIPs",
    "volumeName",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "kubectl.kubernetes.io/last-applied-configuration",
]);

function strip(value: Json, path: string[]): Json {
    if (Array.isArray(value)) return value.map((item) => strip(item, path));
    if (typeof value === "string" && path[0] === "data" && /PASSWORD|SECRET/.test(path[1] ?? ""))
        return `${value.length} generated characters`;
    // The checksum covers the namespace.
    if (typeof value === "string" && /^[0-9a-f]{64}$/.test(value)) return "sha256";
    if (!isObject(value)) return value;
    const kept = Object.entries(value).filter(([key]) => !individual.has(key) && !key.startsWith("pulumi.com/"));
    return Object.fromEntries(kept.map(([key, child]) => [key, strip(child, [...path, key])]));
}
