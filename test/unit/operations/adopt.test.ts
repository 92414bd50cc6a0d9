import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LiveObject } from "../../../operations/adopt/objects";
import { describe as described, type Facts, planOf } from "../../../operations/adopt/plan";
import { knownBy } from "../../../operations/adopt/prepare";
import { type ImportFile, imported } from "../../../operations/adopt/takeOver";
import { type Manifest, type Resource, resourcesOf } from "../../../operations/manifests";
import { stackSettings } from "../../../operations/stackSettings";

const ROOT = join(__dirname, "..", "..", "..");
const NAMESPACE = "edi";

/** What an object has that differs from what the stack would make. */
interface Changes {
    readonly metadata?: object;
    readonly spec?: object;
    readonly [field: string]: unknown;
}

describe("adopting", () => {
    let resources: Resource[];
    before(async () => {
        resources = await resourcesOf("prod", stackSettings(ROOT, "prod"));
    });

    const find = (kind: string, name: string): Resource => {
        const found = resources.find(({ manifest }) => manifest.kind === kind && manifest.metadata.name === name);
        return found ?? assert.fail(`${kind} ${name}`);
    };
    /** An object that is there, like the stack's. */
    const live = (kind: string, name: string, { metadata, spec, ...fields }: Changes = {}): LiveObject => {
        const { manifest } = find(kind, name);
        return {
            ...manifest,
            ...fields,
            metadata: { name, namespace: NAMESPACE, uid: "1", ...metadata },
            spec: { ...manifest.spec, ...spec },
        };
    };
    const plan = (objects: readonly LiveObject[], changes: Partial<Facts> = {}) =>
        planOf({
            resources,
            live: objects,
            isKnown: () => false,
            expandable: new Set(),
            databaseSecret: "bots-edidb-secret",
            ...changes,
        });
    const ways = (objects: readonly LiveObject[]) => plan(objects).found.map(({ way }) => way);

    describe("plans", () => {
        it("to keep what can be changed, hand over what selects other pods, and make Jobs anew", () => {
            const labelled = { matchLabels: { app: "bots-edi", component: "webserver", team: "edi" } };
            const objects = [
                live("Job", "bots-db-init"),
                live("Service", "bots-webserver", { spec: { selector: labelled.matchLabels, clusterIP: "10.0.0.1" } }),
                live("Deployment", "bots-webserver", { spec: { selector: labelled } }),
                live("CronJob", "bots-engine"),
                live("Deployment", "bots-jobqueue"),
            ];
            const found = Object.fromEntries(
                plan(objects).found.map(({ live: { kind, metadata }, way }) => [`${kind} ${metadata.name}`, way]),
            );
            assert.deepEqual(found, {
                "Job bots-db-init": "make anew",
                "Service bots-webserver": "keep",
                "Deployment bots-webserver": "hand over",
                "CronJob bots-engine": "keep",
                "Deployment bots-jobqueue": "keep",
            });
            assert.deepEqual(plan(objects).problems, []);
        });

        it("knows a selector by what it says, in whatever order", () => {
            const matchLabels = { component: "webserver", app: "bots-edi" };
            assert.deepEqual(ways([live("Deployment", "bots-webserver", { spec: { selector: { matchLabels } } })]), [
                "keep",
            ]);
        });

        it("to remove another Ingress for the host, and none for another host", () => {
            const [rule] = (find("Ingress", "bots-edi-ingress").manifest.spec as { rules: [{ host: string }] }).rules;
            const other = (name: string, host: string) =>
                live("Ingress", "bots-edi-ingress", { metadata: { name }, spec: { rules: [{ host }] } });
            const { removed } = plan([
                live("CronJob", "bots-engine"),
                other("old", rule.host),
                other("else", "else.example.com"),
            ]);
            assert.deepEqual(
                removed.map(({ metadata }) => metadata.name),
                ["old"],
            );
        });

        it("and says so, a line an object", () => {
            const text = described(plan([live("CronJob", "bots-engine"), live("Job", "bots-db-init")]));
            assert.match(text, /^keep {7}CronJob bots-engine: suspended until the stack is up$/m);
            assert.match(text, /^make anew {2}Job bots-db-init: a Job is not changed$/m);
            assert.match(text, /^make {7}Deployment bots-webserver$/m);
        });

        it("nothing where there is nothing, or Pulumi has it", () => {
            assert.deepEqual(plan([]).problems, [
                "there is nothing to adopt: no object under the names that the stack uses; `pulumi up` makes them",
            ]);
            assert.deepEqual(plan([live("CronJob", "bots-engine")], { isKnown: () => true }).problems, [
                "there is nothing to adopt: the stack has these objects in its state already; `pulumi up` updates them",
            ]);
        });

        it("only what the state does not have", () => {
            const { type, name } = find("CronJob", "bots-engine");
            const urn = `urn:pulumi:prod::bots-edi::bots-edi:index:BotsEdi$bots-edi:index:Engine$${type}::${name}`;
            const isKnown = knownBy(JSON.stringify({ deployment: { resources: [{ urn }] } }));
            const objects = [live("CronJob", "bots-engine"), live("Deployment", "bots-jobqueue")];
            assert.deepEqual(
                plan(objects, { isKnown }).found.map(({ live: { kind } }) => kind),
                ["Deployment"],
            );
        });
    });

    describe("refuses", () => {
        const problem = (object: LiveObject, changes: Partial<Facts> = {}) => {
            const { problems } = plan([object], changes);
            assert.equal(problems.length, 1, problems.join("\n"));
            return problems[0];
        };
        const service = (metadata: object, spec: object = {}) => live("Service", "bots-webserver", { metadata, spec });
        const data = (spec: object, fields: object = {}) =>
            live("PersistentVolumeClaim", "bots-edi-data-pvc", { spec, ...fields });

        for (const [owner, metadata] of [
            ["Helm release bots", { annotations: { "meta.helm.sh/release-name": "bots" } }],
            ["Argo CD application edi", { labels: { "argocd.argoproj.io/instance": "edi" } }],
            ["Flux Kustomization edi", { labels: { "kustomize.toolkit.fluxcd.io/name": "edi" } }],
            ["another Pulumi stack", { managedFields: [{ manager: "pulumi-kubernetes-1a2b" }] }],
            ["Flux", { managedFields: [{ manager: "kustomize-controller" }] }],
            ["App bots", { ownerReferences: [{ kind: "App", name: "bots" }] }],
            ["Terraform", { labels: { "app.kubernetes.io/managed-by": "Terraform" } }],
        ] as const) {
            it(`what is ${owner}'s`, () => {
                const what = `Service bots-webserver is ${owner}'s: have it let go of it first, or take it out there`;
                assert.equal(problem(service(metadata)), what);
            });
        }

        it("nothing of kubectl's and kustomize's", () => {
            const managedFields = ["kubectl-client-side-apply", "kubectl-edit", "kube-controller-manager"].map(
                (manager) => ({ manager }),
            );
            const labels = { "app.kubernetes.io/managed-by": "kustomize-v5.0" };
            assert.deepEqual(plan([service({ labels, managedFields })]).problems, []);
        });

        it("claims of another class, mode or size, each with the setting that mends it", () => {
            assert.match(
                problem(data({ storageClassName: "fast" })) ?? "",
                /has the storage class fast, the stack asks t1-shiva-nfs: set storageClass/,
            );
            assert.match(
                problem(data({ accessModes: ["ReadWriteOnce"] })) ?? "",
                /has the mode ReadWriteOnce, the stack asks ReadWriteMany: set storage\.accessMode/,
            );
            const sized = (storage: string) => data({ resources: { requests: { storage } } });
            assert.match(
                problem(sized("40Gi")) ?? "",
                /has 40Gi, which never shrinks, the stack asks 20Gi: set storage\.data to 40Gi$/,
            );
            assert.match(
                problem(sized("10Gi")) ?? "",
                /has 10Gi, which cannot grow in its class, .*: set storage\.data to 10Gi$/,
            );
            assert.deepEqual(plan([sized("10Gi")], { expandable: new Set(["t1-shiva-nfs"]) }).problems, []);
            assert.match(problem(data({ volumeMode: "Block" })) ?? "", /is a block device/);
            assert.match(problem(data({}, { status: { phase: "Lost" } })) ?? "", /has lost its volume/);
        });

        it("what cannot be changed, or is going", () => {
            assert.match(problem(service({}, { clusterIP: "None" })) ?? "", /is headless/);
            assert.match(
                problem(service({ deletionTimestamp: "2026-02-04T00:00:00Z" })) ?? "",
                /is being deleted: wait/,
            );
            assert.match(problem(live("ConfigMap", "bots-config-ini", { immutable: true })) ?? "", /is immutable/);
        });

        it("a Deployment whose pods cannot have the stack's labels beside their own", () => {
            const matchLabels = { app: "bots-webserver" };
            const contradicts = live("Deployment", "bots-webserver", {
                spec: { selector: { matchLabels }, template: { metadata: { labels: matchLabels } } },
            });
            assert.match(
                problem(contradicts) ?? "",
                /^the pods of Deployment bots-webserver have app=bots-webserver, not bots-edi: /,
            );
            const expressions = live("Deployment", "bots-webserver", {
                spec: { selector: { matchExpressions: [{ key: "app", operator: "Exists" }] } },
            });
            assert.match(problem(expressions) ?? "", /selects by matchExpressions/);
        });

        it("a Secret that the stack would make itself", () => {
            const { manifest, ...rest } = find("ConfigMap", "bots-config-ini");
            const metadata = { name: "bots-edidb-secret", namespace: NAMESPACE };
            const secret: Manifest = { ...manifest, kind: "Secret", metadata };
            const object = { ...secret, metadata: { ...metadata, uid: "1" } } as LiveObject;
            const { problems } = plan([object], { resources: [{ ...rest, manifest: secret }] });
            assert.match(
                problems.join(),
                /^Secret bots-edidb-secret is there, and the stack would make its own: take `database` out/,
            );
        });
    });

    it("imports what is kept, with the components around it, under the names that tell it apart", () => {
        const file: ImportFile = {
            resources: [
                { type: "bots-edi:index:BotsEdi", name: "bots-edi", component: true },
                {
                    type: "bots-edi:index:Webserver",
                    name: "web",
                    logicalName: "bots-edi-webserver",
                    parent: "bots-edi",
                    component: true,
                },
                {
                    type: "kubernetes:apps/v1:Deployment",
                    name: "webDeployment",
                    logicalName: "bots-edi-webserver",
                    parent: "web",
                    id: "<PLACEHOLDER>",
                },
                {
                    type: "kubernetes:core/v1:Service",
                    name: "webService",
                    logicalName: "bots-edi-webserver",
                    parent: "web",
                    id: "<PLACEHOLDER>",
                },
                { type: "bots-edi:index:Engine", name: "bots-edi-engine", parent: "bots-edi", component: true },
            ],
        };
        const { found } = plan([live("Service", "bots-webserver")]);
        const { resources: chosen = [] } = imported(file, found);
        assert.deepEqual(
            chosen.map(({ name, id }) => [name, id]),
            [
                ["bots-edi", undefined],
                ["web", undefined],
                ["webService", "edi/bots-webserver"],
            ],
        );
    });

    describe("copies files", () => {
        let folder: string;
        const path = (...parts: string[]) => join(folder, ...parts);
        const write = (text: string, ...parts: string[]) => {
            mkdirSync(path(...parts, ".."), { recursive: true });
            writeFileSync(path(...parts), text);
        };
        const read = (...parts: string[]) =>
            existsSync(path(...parts)) ? readFileSync(path(...parts), "utf8") : undefined;
        /** Runs the pod's script, with its mounts elsewhere. */
        const copy = (way: string) => {
            const script = readFileSync(join(ROOT, "operations", "adopt", "copyFiles.py"), "utf8")
                .replace('"/old"', JSON.stringify(path("old")))
                .replace('"/new"', JSON.stringify(path("new")));
            return execFileSync("python3", ["-", way, "live"], { input: script, encoding: "utf8" }).trim();
        };
        beforeEach(() => {
            folder = mkdtempSync(join(tmpdir(), "bots-edi-copy-"));
            for (const volume of ["data", "logs", "config"]) mkdirSync(path("new", volume), { recursive: true });
            write("one", "old", "env", "live", "botssys", "infile", "1.edi");
            write("two", "old", "env", "live", "botssys", "infile", "2.edi");
            write("log", "old", "env", "live", "botssys", "logging", "engine.log");
            write("ini", "old", "env", "live", "config", "bots.ini");
            write("else", "old", "notes.txt");
        });
        afterEach(() => {
            rmSync(folder, { recursive: true });
        });

        it("each to its claim", () => {
            assert.equal(copy("first"), "5 files, 5 copied, 0 removed");
            assert.equal(read("new", "data", "env", "default", "botssys", "infile", "1.edi"), "one");
            assert.equal(read("new", "logs", "engine.log"), "log");
            assert.equal(read("new", "config", "before-migration", "bots.ini"), "ini");
            assert.equal(read("new", "data", "notes.txt"), "else");
            assert.equal(read("new", "data", "env", "live", "botssys", "infile", "1.edi"), undefined);
        });

        it("again only what changed, and takes away what was read meanwhile", () => {
            copy("first");
            rmSync(path("old", "env", "live", "botssys", "infile", "1.edi"));
            write("longer", "old", "env", "live", "botssys", "infile", "2.edi");
            write("three", "old", "env", "live", "botssys", "infile", "3.edi");
            assert.equal(copy("last"), "5 files, 2 copied, 1 removed");
            assert.equal(read("new", "data", "env", "default", "botssys", "infile", "1.edi"), undefined);
            assert.equal(read("new", "data", "env", "default", "botssys", "infile", "2.edi"), "longer");
        });

        it("back once the last pass was, and not before: until then the old ones are the newer", () => {
            copy("first");
            rmSync(path("old", "env", "live", "botssys", "infile", "1.edi"));
            assert.equal(copy("back"), "nothing to copy back");
            assert.equal(read("old", "env", "live", "botssys", "infile", "1.edi"), undefined);
            copy("last");
            rmSync(path("new", "data", "env", "default", "botssys", "infile", "2.edi"));
            write("out", "new", "data", "env", "default", "botssys", "outfile", "2.csv");
            write("stack's", "new", "data", "env", "default", "config", "bots.ini");
            assert.match(copy("back"), /1 copied, 1 removed$/);
            assert.equal(read("old", "env", "live", "botssys", "infile", "2.edi"), undefined);
            assert.equal(read("old", "env", "live", "botssys", "outfile", "2.csv"), "out");
            assert.equal(read("old", "env", "live", "config", "bots.ini"), "ini");
            assert.equal(copy("back"), "nothing to copy back");
        });

        it("as a second migration needs it, after one that was undone", () => {
            copy("last");
            write("new", "new", "data", "env", "default", "botssys", "infile", "4.edi");
            copy("back");
            rmSync(path("old", "env", "live", "botssys", "infile", "4.edi"));
            copy("first");
            assert.equal(read("new", "data", "env", "default", "botssys", "infile", "4.edi"), undefined);
        });
    });
});
