import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { stringify } from "yaml";

import { Client, type KubeObject } from "../../../sandbox/engine/client";
import { Deployment, type Result } from "../../../sandbox/engine/deployment";
import type { Entry } from "../../../sandbox/engine/state";
import type { JsonObject } from "../../../sandbox/engine/values";
import { images } from "../../../sandbox/cluster/images";
import { kubeconfigPath } from "../../../sandbox/paths";

/** ENGINE_KUBECONFIG names another cluster than the sandbox's: an API server alone is enough for changes.test.ts. */
export const kubeconfig = process.env.ENGINE_KUBECONFIG ?? kubeconfigPath;

export const image = images.busybox;

/** One resource for the program programs/objects. */
export interface Declared {
    type: string;
    name: string;
    args?: JsonObject;
    options?: JsonObject;
}

/** A stack of the fixture program in a namespace of its own. */
export class TestStack {
    readonly namespace = `engine-${randomBytes(4).toString("hex")}`;
    readonly dir = mkdtempSync(join(tmpdir(), "engine-"));
    readonly stateFile = join(this.dir, "state", "test.json");
    readonly name = "test";
    lines: string[] = [];
    provider: JsonObject = { enableConfigMapMutable: true, enableSecretMutable: true };

    private constructor(readonly client: Client) {
        const main = join(__dirname, "programs", "objects", "index.ts");
        writeFileSync(join(this.dir, "Pulumi.yaml"), stringify({ name: "objects", runtime: "nodejs", main }));
    }

    /** With its namespace made, outside the state of the stack. */
    static async create(): Promise<TestStack> {
        if (!existsSync(kubeconfig))
            throw new Error(`no cluster (${kubeconfig} is not there): npm run sandbox:cluster -- up`);
        const stack = new TestStack(await Client.connect(kubeconfig, undefined, () => undefined));
        await stack.applyAs("test", { apiVersion: "v1", kind: "Namespace", metadata: { name: stack.namespace } });
        return stack;
    }

    /** Removes everything that the stack can have made; the namespace is not waited for. */
    async remove(): Promise<void> {
        await this.client.delete({ apiVersion: "v1", kind: "Namespace", metadata: { name: this.namespace } });
        rmSync(this.dir, { recursive: true });
    }

    write(resources: Declared[], outputs: JsonObject = {}): void {
        const config = {
            "objects:resources": resources,
            "objects:outputs": outputs,
            "objects:provider": { ...this.provider, namespace: this.namespace },
        };
        writeFileSync(join(this.dir, "Pulumi.test.yaml"), stringify({ config }));
    }

    deployment(signal?: AbortSignal): Deployment {
        this.lines = [];
        const log = (line: string): void => {
            this.lines.push(line);
            if (process.env.ENGINE_VERBOSE) process.stdout.write(`${line}\n`);
        };
        const { dir: projectDir, name: stack, stateFile } = this;
        return new Deployment({ projectDir, stack, kubeconfig, stateFile, log, ...(signal && { signal }) });
    }

    async up(resources: Declared[], outputs?: JsonObject): Promise<Result> {
        this.write(resources, outputs);
        return this.deployment().up();
    }

    async preview(resources: Declared[], outputs?: JsonObject): Promise<Result> {
        this.write(resources, outputs);
        return this.deployment().preview();
    }

    async destroy(options?: { excludeProtected?: boolean }): Promise<Result> {
        return this.deployment().destroy(options);
    }

    get output(): string {
        return this.lines.join("\n");
    }

    async read(apiVersion: string, kind: string, name: string): Promise<KubeObject | undefined> {
        return this.client.read({ apiVersion, kind, metadata: { name, namespace: this.namespace } });
    }

    async applyAs(manager: string, object: KubeObject, force = false): Promise<KubeObject> {
        return this.client.apply(object, { manager, force });
    }

    /** Deletes an object behind the stack's back. */
    async vanish(apiVersion: string, kind: string, name: string): Promise<void> {
        const object = { apiVersion, kind, metadata: { name, namespace: this.namespace } };
        await this.client.delete(object);
        for (let tries = 0; tries < 100 && (await this.client.read(object)); tries++) await sleep(200);
    }

    state(): { resources: Entry[]; superseded: Entry[] } {
        return JSON.parse(readFileSync(this.stateFile, "utf8")) as { resources: Entry[]; superseded: Entry[] };
    }

    entry(name: string): Entry {
        const found = this.state().resources.find((entry) => entry.name === name);
        if (!found) throw new Error(`no '${name}' in the state`);
        return found;
    }
}

export function configMap(name: string, data: Record<string, string>, options?: JsonObject): Declared {
    return {
        type: "kubernetes:core/v1:ConfigMap",
        name,
        args: { metadata: { name }, data },
        ...(options && { options }),
    };
}

export function counts({ summary }: Result): string {
    const { created, updated, replaced, deleted, same } = summary;
    return `+${created} ~${updated} +-${replaced} -${deleted} =${same}`;
}
