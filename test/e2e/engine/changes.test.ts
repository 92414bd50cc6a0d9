import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { KubeObject } from "../../../sandbox/engine/client";
import type { JsonObject } from "../../../sandbox/engine/values";
import { configMap, counts, type Declared, image, TestStack } from "./stack";

/** Counts include the provider: every stack has it, and it is "same" from the second up on. */
describe("engine: changes", function () {
    this.timeout(120_000);
    let stack: TestStack;

    beforeEach(async () => {
        stack = await TestStack.create();
    });
    afterEach(async () => {
        await stack.remove();
    });

    const dataOf = (object: KubeObject | undefined): unknown => object?.data;
    const read = (name: string): Promise<KubeObject | undefined> => stack.read("v1", "ConfigMap", name);

    const jobUid = async (): Promise<unknown> => (await stack.read("batch/v1", "Job", "job"))?.metadata.uid;

    const suspendedJob = (word: string, options: JsonObject = {}): Declared => ({
        type: "kubernetes:batch/v1:Job",
        name: "job",
        args: {
            metadata: { name: "job" },
            spec: {
                suspend: true,
                template: { spec: { restartPolicy: "Never", containers: [{ name: "a", image, args: [word] }] } },
            },
        },
        options,
    });

    it("creates, updates in place, leaves alone what did not change, deletes what is no longer registered", async () => {
        assert.equal(
            counts(await stack.up([configMap("one", { a: "1" }), configMap("two", { b: "1" })])),
            "+3 ~0 +-0 -0 =0",
        );
        const before = await read("one");
        assert.equal(
            counts(await stack.up([configMap("one", { a: "1" }), configMap("two", { c: "2" })])),
            "+0 ~1 +-0 -0 =2",
        );
        assert.deepEqual(dataOf(await read("two")), { c: "2" });
        assert.deepEqual(await read("one"), before);
        assert.equal(counts(await stack.up([configMap("two", { c: "2" })])), "+0 ~0 +-0 -1 =2");
        assert.equal(await read("one"), undefined);
        assert.equal(counts(await stack.up([configMap("two", { c: "2" })])), "+0 ~0 +-0 -0 =2");
    });

    it("keeps its state in a file for its owner only", async () => {
        await stack.up([configMap("one", { a: "1" })]);
        assert.equal(statSync(stack.stateFile).mode & 0o777, 0o600);
    });

    it("gives the program the live object, and the caller the program's exports", async () => {
        const { outputs } = await stack.up([configMap("one", { a: "1" })], {
            id: { $ref: "one.id" },
            metadata: { $ref: "one.metadata" },
        });
        const live = await read("one");
        const { id, metadata } = outputs.outputs as { id: string; metadata: JsonObject };
        assert.equal(id, `${stack.namespace}/one`);
        assert.equal(metadata.uid, live?.metadata.uid);
        assert.equal(metadata.creationTimestamp, live?.metadata.creationTimestamp);
    });

    it("replaces what the server calls immutable, deleting it first where the name stays", async () => {
        await stack.up([suspendedJob("first")]);
        const uid = await jobUid();
        const preview = await stack.preview([suspendedJob("second")]);
        assert.equal(counts(preview), "+0 ~0 +-1 -0 =1");
        assert.match(stack.output, /\+- kubernetes:batch\/v1:Job job \(replace\)\n.*"first" => "second"/);
        assert.equal(counts(await stack.up([suspendedJob("second")])), "+0 ~0 +-1 -0 =1");
        assert.notEqual(await jobUid(), uid);
    });

    for (const [kind, apiVersion, before, after] of [
        ["PersistentVolumeClaim", "core/v1", { storageClassName: "a" }, { storageClassName: "b" }],
        ["Service", "core/v1", { type: "ClusterIP" }, { clusterIP: "None" }],
        ["Deployment", "apps/v1", { selector: "a" }, { selector: "b" }],
        ["StatefulSet", "apps/v1", { serviceName: "a" }, { serviceName: "b" }],
    ] as const) {
        it(`replaces a ${kind} whose ${Object.keys(after).join()} changes`, async () => {
            const declare = (change: Record<string, string>): Declared => ({
                type: `kubernetes:${apiVersion}:${kind}`,
                name: "it",
                args: {
                    metadata: { name: "it", annotations: { "pulumi.com/skipAwait": "true" } },
                    spec: specOf(kind, change),
                },
            });
            await stack.up([declare(before)]);
            assert.equal(counts(await stack.up([declare(after)])), "+0 ~0 +-1 -0 =1");
        });
    }

    it("leaves everything in place when the server refuses a change for another reason", async () => {
        await stack.up([suspendedJob("first")]);
        const uid = await jobUid();
        const broken = suspendedJob("first");
        (broken.args?.spec as JsonObject).backoffLimit = -1;
        await assert.rejects(stack.up([broken]), /spec.backoffLimit.*greater than or equal to 0/);
        assert.equal(await jobUid(), uid);
        assert.equal(stack.entry("job").pending, undefined);
        assert.equal(counts(await stack.up([suspendedJob("first")])), "+0 ~0 +-0 -0 =2");
    });

    it("names a field that the API does not have", async () => {
        const job = suspendedJob("first");
        (job.args?.spec as JsonObject).backofLimit = 1;
        await assert.rejects(stack.preview([job]), /backofLimit: field not declared in schema/);
        await assert.rejects(stack.up([job]), /backofLimit: field not declared in schema/);
        assert.equal(
            stack.state().resources.some(({ name }) => name === "job"),
            false,
        );
    });

    it("replaces a ConfigMap or Secret on a data change unless the provider says that they are mutable", async () => {
        stack.provider = {};
        const secret = (word: string): Declared => ({
            type: "kubernetes:core/v1:Secret",
            name: "secret",
            args: { metadata: { name: "secret" }, stringData: { word } },
        });
        await stack.up([configMap("one", { a: "1" }), secret("a")]);
        assert.equal(counts(await stack.up([configMap("one", { a: "2" }), secret("b")])), "+0 ~0 +-2 -0 =1");
        stack.provider = { enableConfigMapMutable: true, enableSecretMutable: true };
        assert.equal(counts(await stack.up([configMap("one", { a: "3" }), secret("c")])), "+0 ~3 +-0 -0 =0");
    });

    it("creates the new object before it deletes the old one where the name changes, unless deleteBeforeReplace", async () => {
        const named = (name: string, options: JsonObject): Declared => ({
            ...configMap("one", { a: "1" }, options),
            args: { metadata: { name }, data: { a: "1" } },
        });
        await stack.up([named("a", {})]);
        assert.equal(counts(await stack.up([named("b", {})])), "+0 ~0 +-1 -0 =1");
        assert.match(stack.output, /one replaced[^]*one deleted/);
        assert.equal(await read("a"), undefined);
        assert.equal(counts(await stack.up([named("c", { deleteBeforeReplace: true })])), "+0 ~0 +-1 -0 =1");
        assert.equal(await read("b"), undefined);
        assert.ok(await read("c"));
    });

    it("takes the former object back where an update that replaced it has failed and the change is taken back", async () => {
        const named = (name: string): Declared => ({
            ...configMap("one", {}),
            args: { metadata: { name }, data: { a: "1" } },
        });
        const refused: Declared = { ...configMap("two", {}), args: { metadata: { name: "Not A Name" } } };
        await stack.up([named("a")]);
        await assert.rejects(stack.up([named("b"), { ...refused, options: { needs: ["one"] } }]), /Not A Name/);
        assert.ok((await read("a")) && (await read("b")));
        assert.equal(counts(await stack.preview([named("a")])), "+0 ~0 +-0 -0 =2");
        assert.equal(counts(await stack.up([named("a")])), "+0 ~0 +-0 -0 =2");
        assert.ok(await read("a"));
        assert.equal(await read("b"), undefined);
        assert.deepEqual(stack.state().superseded, []);
    });

    it("honours replaceOnChanges for the paths it names and no others", async () => {
        const options = { replaceOnChanges: ["data.a"], deleteBeforeReplace: true };
        await stack.up([configMap("one", { a: "1", b: "1" }, options)]);
        assert.equal(counts(await stack.up([configMap("one", { a: "1", b: "2" }, options)])), "+0 ~1 +-0 -0 =1");
        assert.equal(counts(await stack.up([configMap("one", { a: "2", b: "2" }, options)])), "+0 ~0 +-1 -0 =1");
    });

    it("honours ignoreChanges, and is in no conflict with whoever owns the field", async () => {
        const options = { ignoreChanges: ["data.a"] };
        await stack.up([configMap("one", { a: "1", b: "1" }, options)]);
        const { namespace } = stack;
        const other = {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "one", namespace },
            data: { a: "theirs" },
        };
        await stack.applyAs("someone-else", other, true);
        assert.equal(counts(await stack.up([configMap("one", { a: "9", b: "1" }, options)])), "+0 ~0 +-0 -0 =2");
        assert.equal(counts(await stack.up([configMap("one", { a: "9", b: "2" }, options)])), "+0 ~1 +-0 -0 =1");
        assert.deepEqual(dataOf(await read("one")), { a: "theirs", b: "2" });
    });

    it("fails on a field that another manager has taken, unless pulumi.com/patchForce takes it back", async () => {
        await stack.up([configMap("one", { a: "1" })]);
        const { namespace } = stack;
        const other = {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "one", namespace },
            data: { a: "theirs" },
        };
        await stack.applyAs("argo-sensor", other, true);
        await assert.rejects(stack.up([configMap("one", { a: "2" })]), /conflict with "argo-sensor"[^]*data\.a/);
        const forced = configMap("one", { a: "2" });
        (forced.args?.metadata as JsonObject).annotations = { "pulumi.com/patchForce": "true" };
        await stack.up([forced]);
        assert.deepEqual(dataOf(await read("one")), { a: "2" });
    });

    it("does not replace or delete what is protected", async () => {
        await stack.up([suspendedJob("first", { protect: true }), configMap("one", { a: "1" })]);
        await assert.rejects(stack.up([suspendedJob("second", { protect: true }), configMap("one", {})]), /protected/);
        await assert.rejects(stack.up([]), /protected, so nothing was deleted: kubernetes:batch\/v1:Job job/);
        await assert.rejects(stack.destroy(), /protected/);
        assert.ok(await read("one"));
        assert.equal((await stack.destroy({ excludeProtected: true })).summary.deleted, 1);
        assert.ok(await stack.read("batch/v1", "Job", "job"));
        assert.equal(await read("one"), undefined);
        await stack.up([suspendedJob("first")]);
        await stack.destroy();
        assert.equal(await stack.read("batch/v1", "Job", "job"), undefined);
    });

    it("leaves what is retained in the cluster and forgets it", async () => {
        await stack.up([configMap("one", { a: "1" }, { retainOnDelete: true })]);
        await stack.up([]);
        assert.ok(await read("one"));
        assert.equal(
            stack.state().resources.some(({ name }) => name === "one"),
            false,
        );
    });

    it("destroys in the reverse order of dependencies", async () => {
        const chain = ["a", "b", "c"].map((name, index, names) =>
            configMap(name, {}, { needs: names.slice(Math.max(0, index - 1), index) }),
        );
        await stack.up(chain);
        const created = stack.lines.filter((line) => line.includes("ConfigMap")).map((line) => line.split(" ")[2]);
        assert.deepEqual(created, ["a", "b", "c"]);
        assert.equal((await stack.destroy()).summary.deleted, 4);
        const deleted = stack.lines.map((line) => line.split(" ")[2]);
        assert.deepEqual(deleted, ["c", "b", "a", "cluster"]);
        assert.deepEqual(stack.state().resources, []);
    });

    it("keeps a resource that was renamed with an alias", async () => {
        await stack.up([configMap("one", { a: "1" })]);
        const uid = (await read("one"))?.metadata.uid;
        const renamed = { ...configMap("one", { a: "1" }, { oldName: "one" }), name: "new" };
        assert.equal(counts(await stack.up([renamed])), "+0 ~0 +-0 -0 =2");
        assert.equal((await read("one"))?.metadata.uid, uid);
        assert.equal(stack.entry("new").id, `${stack.namespace}/one`);
    });

    it("refuses an object that exists already, in preview too", async () => {
        const { namespace } = stack;
        const taken = {
            apiVersion: "v1",
            kind: "ConfigMap",
            metadata: { name: "one", namespace },
            data: { a: "theirs" },
        };
        await stack.applyAs("someone-else", taken);
        await assert.rejects(stack.preview([configMap("one", { a: "1" })]), /ConfigMap .*\/one exists already/);
        await assert.rejects(stack.up([configMap("one", { a: "1" })]), /ConfigMap .*\/one exists already/);
        assert.deepEqual(dataOf(await read("one")), { a: "theirs" });
    });

    it("patches a namespace that others own, and gives its fields up again", async () => {
        const patch = (labels: Record<string, string>): Declared => ({
            type: "kubernetes:core/v1:NamespacePatch",
            name: "patch",
            args: { metadata: { name: stack.namespace, labels } },
        });
        const labels = async (): Promise<JsonObject> => {
            const found = await stack.client.read({
                apiVersion: "v1",
                kind: "Namespace",
                metadata: { name: stack.namespace },
            });
            return found?.metadata.labels as JsonObject;
        };
        await stack.up([patch({ "pod-security.kubernetes.io/enforce": "restricted" })]);
        assert.equal((await labels())["pod-security.kubernetes.io/enforce"], "restricted");
        await stack.up([patch({ other: "label" })]);
        assert.equal((await labels())["pod-security.kubernetes.io/enforce"], undefined);
        await stack.up([]);
        assert.equal((await labels()).other, undefined);
        assert.equal((await labels())["kubernetes.io/metadata.name"], stack.namespace);
        const missing = { ...patch({}), args: { metadata: { name: `${stack.namespace}-none` } } };
        await assert.rejects(stack.preview([missing]), /Namespace .*-none was not found: a Patch/);
        await assert.rejects(stack.up([missing]), /Namespace .*-none was not found: a Patch/);
    });

    it("draws random values once and for ever, and anew when their inputs change", async () => {
        const password = (length: number): Declared => ({
            type: "random:index:RandomPassword",
            name: "password",
            args: { length, special: false },
        });
        const secret: Declared = {
            type: "kubernetes:core/v1:Secret",
            name: "secret",
            args: { metadata: { name: "secret" }, stringData: { password: { $ref: "password.result" } } },
        };
        const value = async (): Promise<string> => {
            const { data } = (await stack.read("v1", "Secret", "secret")) as KubeObject & {
                data: { password: string };
            };
            return Buffer.from(data.password, "base64").toString();
        };
        const exported = { password: { $ref: "password.result" } };
        const { outputs } = await stack.up([password(20), secret], exported);
        const first = await value();
        assert.match(first, /^[A-Za-z0-9]{20}$/);
        assert.deepEqual(outputs.outputs, { password: first });
        await stack.up([password(20), secret, configMap("one", {})]);
        assert.equal(await value(), first);
        await stack.preview([password(24), secret]);
        assert.match(stack.output, /length: 20 => 24/);
        assert.equal(stack.output.includes(first), false);
        await stack.up([password(24), secret]);
        assert.match(await value(), /^[A-Za-z0-9]{24}$/);
    });

    it("previews field by field, masks secrets, and changes nothing", async () => {
        const secret = (word: string): Declared => ({
            type: "kubernetes:core/v1:Secret",
            name: "secret",
            args: { metadata: { name: "secret" }, stringData: { word } },
        });
        const resources = (data: Record<string, string>, word: string): Declared[] => [
            configMap("one", data),
            secret(word),
        ];
        await stack.up(resources({ kept: "1", changed: "1", removed: "1", text: "a\nb\nc\n" }, "hunter-two"));
        const before = [await read("one"), stack.state()];
        const after = resources({ kept: "1", changed: "2", added: "1", text: "a\nB\nc\n" }, "hunter-three");
        assert.equal(counts(await stack.preview(after)), "+0 ~2 +-0 -0 =1");
        assert.match(stack.output, /^~ kubernetes:core\/v1:ConfigMap one \(update\)$/m);
        assert.match(stack.output, /^ {4}\+ data\.added: "1"$/m);
        assert.match(stack.output, /^ {4}~ data\.changed: "1" => "2"$/m);
        assert.match(stack.output, /^ {4}- data\.removed: "1"$/m);
        assert.match(stack.output, /^ {8}- b\n {8}\+ B$/m);
        assert.doesNotMatch(stack.output, /kept|hunter|aHVudGVy/);
        assert.match(stack.output, /^ {4}~ data.word: \[secret\] => \[secret\]$/m);
        assert.deepEqual([await read("one"), stack.state()], before);
    });

    it("previews a first install whose namespace does not exist yet", async () => {
        const namespace = `${stack.namespace}-new`;
        const resources: Declared[] = [
            { type: "kubernetes:core/v1:Namespace", name: "namespace", args: { metadata: { name: namespace } } },
            {
                type: "kubernetes:core/v1:ConfigMap",
                name: "one",
                args: { metadata: { name: "one", namespace }, data: {} },
                options: { needs: ["namespace"] },
            },
        ];
        assert.equal(counts(await stack.preview(resources)), "+3 ~0 +-0 -0 =0");
        await stack.up(resources);
        await stack.destroy();
    });

    it("does nothing about a vanished object while nothing changed", async () => {
        const job = (label: string, options: JsonObject): Declared => {
            const declared = suspendedJob("first", options);
            (declared.args?.metadata as JsonObject).labels = { label };
            return declared;
        };
        const robust = { replaceOnChanges: ["*"], deleteBeforeReplace: true };
        await stack.up([job("a", robust)]);
        await stack.vanish("batch/v1", "Job", "job");
        assert.equal(counts(await stack.preview([job("a", robust)])), "+0 ~0 +-0 -0 =2");
        assert.equal(counts(await stack.up([job("a", robust)])), "+0 ~0 +-0 -0 =2");
        assert.equal(await stack.read("batch/v1", "Job", "job"), undefined);
        await assert.rejects(stack.up([job("b", {})]), /Job .*\/job was not found in the cluster/);
        assert.equal(counts(await stack.up([job("b", robust)])), "+0 ~0 +-1 -0 =1");
        assert.ok(await stack.read("batch/v1", "Job", "job"));
        await stack.vanish("batch/v1", "Job", "job");
        stack.write([job("b", robust)]);
        assert.equal(counts(await stack.deployment().up({ refresh: true })), "+1 ~0 +-0 -0 =1");
    });

    it("points to the Pulumi CLI for what it does not do", async () => {
        for (const [declared, message] of [
            [{ type: "aws:s3/bucket:Bucket", name: "it" }, /aws:s3\/bucket:Bucket.*Pulumi CLI/],
            [{ type: "kubernetes:helm.sh/v3:Release", name: "it", args: { chart: "x" } }, /helm.*Pulumi CLI/],
            [configMap("it", {}, { import: "default/it" }), /import.*Pulumi CLI/],
            [{ type: "kubernetes:core/v1:ConfigMap", name: "it", args: {} }, /metadata.name.*Pulumi CLI/],
        ] as [Declared, RegExp][])
            await assert.rejects(stack.up([declared]), message);
        stack.provider = { renderYamlToDirectory: "x" };
        await assert.rejects(stack.up([]), /renderYamlToDirectory.*Pulumi CLI/);
    });

    it("deletes nothing when the program fails, and says why", async () => {
        await stack.up([configMap("one", { a: "1" })]);
        const lost: Declared = {
            ...configMap("two", {}),
            args: { metadata: { name: "two" }, data: { $ref: "none.data" } },
        };
        await assert.rejects(stack.up([lost]), /no resource 'none' before the one that refers to it/);
        assert.ok(await read("one"));
    });

    it("says which secret of the stack's file it cannot read", async () => {
        stack.write([]);
        writeFileSync(join(stack.dir, "Pulumi.test.yaml"), "config: { 'objects:password': { secure: AAAB } }");
        await assert.rejects(stack.deployment().preview(), /objects:password: secrets encrypted by the Pulumi CLI/);
    });

    it("keeps secrets out of the server's error messages", async () => {
        const secret: Declared = {
            type: "kubernetes:core/v1:Secret",
            name: "secret",
            args: { metadata: { name: "secret" }, data: { word: "no base64 at all!" } },
        };
        await assert.rejects(stack.up([secret]), (error: Error) => {
            assert.doesNotMatch(error.message, /no base64/);
            return true;
        });
        assert.doesNotMatch(stack.output, /no base64/);
    });
});

function specOf(kind: string, change: Record<string, string>): JsonObject {
    const { selector: app = "it", ...rest } = change;
    const template = { metadata: { labels: { app } }, spec: { containers: [{ name: "a", image }] } };
    if (kind === "Service") return { ports: [{ port: 80 }], selector: { app }, ...rest };
    if (kind === "PersistentVolumeClaim")
        return { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } }, ...rest };
    return { replicas: 0, selector: { matchLabels: { app } }, template, ...rest };
}
