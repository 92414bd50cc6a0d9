/** What the settings accept, a real API server accepts: everything that they make is sent to one, as a dry run. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EDGES } from "../../support/edges";
import { find, system } from "../../support/find";
import { SECRET_SIGNATURE, UID } from "../../support/recorder";
import { ApiServer, hasApiServer, startApiServer } from "./apiServer";
import { foreignKinds } from "./kinds";

const DRY_RUN = ["apply", "--server-side", "--dry-run=server", "-o", "name", "-f", "-"];

/** An object as it is sent: secret values as they are. */
function plain(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(plain);
    if (typeof value !== "object" || value === null) return value;
    const fields = value as Record<string, unknown>;
    if (SECRET_SIGNATURE in fields) return plain(fields.value);
    return Object.fromEntries(Object.entries(fields).map(([key, inner]) => [key, plain(inner)]));
}

interface Job {
    readonly metadata: { readonly generateName: string; readonly ownerReferences: readonly object[] };
}

interface SensorSpec {
    readonly triggers: readonly [{ template: { k8s?: { source: { resource: Job } } } }];
}

/** The Jobs that a Sensor makes, with names as they get them and the uid that their owner has on a cluster. */
function madeBy(sensor: Readonly<Record<string, unknown>>): object[] {
    const { k8s } = (sensor.spec as SensorSpec).triggers[0].template;
    if (!k8s) return [];
    const { metadata, ...job } = k8s.source.resource;
    const ownerReferences = metadata.ownerReferences.map((owner) => ({ ...owner, uid: UID }));
    return [{ ...job, metadata: { ...metadata, name: `${metadata.generateName}4-0-13-x2x4z`, ownerReferences } }];
}

const list = (items: unknown[]) => JSON.stringify({ apiVersion: "v1", kind: "List", items });

const title = hasApiServer ? "a real API server" : "a real API server (skipped: not built)";

(hasApiServer ? describe : describe.skip)(title, function () {
    this.timeout(180_000);
    let server: ApiServer;
    before(async () => {
        server = await startApiServer();
        for (const namespace of ["edi", "argo-events"]) {
            assert.equal(server.kubectl(["create", "namespace", namespace]).status, 0);
        }
        const made = server.kubectl(["create", "-o", "name", "-f", "-"], list(await foreignKinds()));
        assert.equal(made.status, 0, made.stderr);
        const names = made.stdout.trim().split("\n");
        assert.equal(server.kubectl(["wait", "--for=condition=Established", "--timeout=60s", ...names]).status, 0);
    });
    after(() => server.stop());

    for (const [what, settings] of Object.entries(EDGES)) {
        it(`takes what comes of ${what}`, async () => {
            const made = await system(settings);
            // Argo's kinds are not its own; the Job that a Sensor makes is.
            const objects = made.flatMap(({ inputs }) => plain(inputs.kind === "Sensor" ? madeBy(inputs) : [inputs]));
            assert.ok(objects.length >= 15);
            const { status, stderr } = server.kubectl(DRY_RUN, list(objects));
            assert.equal(status, 0, stderr);
        });
    }

    it("an empty toleration was refused by it half way through the update: it does refuse it", async () => {
        const webserver = find(await system(), "Deployment", "bots-webserver");
        const deployment = plain(webserver.inputs) as { spec: { template: { spec: { tolerations: unknown[] } } } };
        deployment.spec.template.spec.tolerations = [{}];
        assert.match(server.kubectl(DRY_RUN, list([deployment])).stderr, /operator must be Exists when `key` is empty/);
    });

    it("SAT-SUN was taken here and refused there: it reads every schedule of the table as the table says", () => {
        const table = JSON.parse(readFileSync(join(__dirname, "../../schedules/table.json"), "utf8")) as {
            schedule: string;
            taken: boolean;
        }[];
        const spec = { restartPolicy: "Never", containers: [{ name: "a", image: "a" }] };
        const jobs = table.map(({ schedule }, index) => ({
            apiVersion: "batch/v1",
            kind: "CronJob",
            metadata: { name: `job-${index}`, namespace: "edi" },
            spec: { schedule, timeZone: "UTC", jobTemplate: { spec: { template: { spec } } } },
        }));
        const taken = new Set(server.kubectl(DRY_RUN, list(jobs)).stdout.split("\n"));
        const wrong = table.filter((entry, index) => taken.has(`cronjob.batch/job-${index}`) !== entry.taken);
        assert.deepEqual(wrong, []);
    });
});
