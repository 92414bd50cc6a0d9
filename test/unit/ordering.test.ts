import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { Registration } from "../support/recorder";
import { recordStack } from "../support/stack";

/** What must not exist before the database is initialised. */
const AFTER = /:(Deployment|CronJob|Ingress|Sensor|PodDisruptionBudget|HorizontalPodAutoscaler)$/;
const JOB = "kubernetes:batch/v1:Job";
const isInit = ({ type, name }: Registration) => type === JOB && name === "bots-edi-db-init";

/** What pods read, and what is asked for: the one changes only after the other was tried. */
const isLive = ({ type, name }: Registration) => /:(ConfigMap|Secret)$/.test(type) && !name.endsWith("-candidate");

const autoscaling = { "bots-edi:webserver": JSON.stringify({ autoscaling: { maxReplicas: 3 } }) };

describe("order", () => {
    it("registers nothing that needs the database while the db-init Job is held open", async () => {
        let beforeJob: string[] = [];
        let whileHeld: string[] | undefined;
        const made = await recordStack("prod", autoscaling, {
            beforeRegister: async (type, soFar) => {
                if (type !== JOB) return;
                beforeJob = soFar.map((registration) => registration.type);
                // Long enough for every registration that does not wait for the Job to come in.
                await new Promise((resolve) => setTimeout(resolve, 500));
                whileHeld = soFar.map((registration) => registration.type);
            },
        });
        assert.ok(whileHeld);
        assert.deepEqual(
            whileHeld.filter((type) => AFTER.test(type)),
            [],
        );
        assert.ok(
            beforeJob.filter((type) => /:(ConfigMap|PersistentVolumeClaim|NetworkPolicy)$/.test(type)).length >= 9,
        );
        const kinds = new Set(made.map(({ type }) => AFTER.exec(type)?.[1]).filter(Boolean));
        assert.deepEqual([...kinds].sort(), [
            "CronJob",
            "Deployment",
            "HorizontalPodAutoscaler",
            "Ingress",
            "PodDisruptionBudget",
            "Sensor",
        ]);
    });

    it("holds the Job until a database in the cluster is up", async () => {
        const made = await recordStack("dev");
        const job = made.find(isInit);
        for (const kind of [
            "StatefulSet",
            "Service",
            "Secret",
            "ConfigMap",
            "PersistentVolumeClaim",
            "NetworkPolicy",
        ]) {
            const dependency = job?.dependencies.some((urn) => urn.includes(`:${kind}::`));
            assert.ok(dependency, `the Job does not depend on a ${kind}`);
        }
    });

    it("says so in the dependencies of every object that comes after", async () => {
        const made = await recordStack("prod", autoscaling);
        const job = made.find(isInit);
        assert.ok(job);
        const after = made.filter(({ type }) => AFTER.test(type) || type === "kubernetes:core/v1:Service");
        assert.ok(after.length >= 7);
        for (const { urn, dependencies } of after) assert.ok(dependencies.includes(job.urn), urn);
    });

    it("lets configuration and secrets go live only after the Job, and what reads them after that", async () => {
        for (const stack of ["prod", "dev"]) {
            const made = await recordStack(stack, { "bots-edi:env": JSON.stringify({ A: "b" }) });
            const job = made.find(isInit);
            assert.ok(job);
            const live = made.filter(isLive);
            assert.equal(live.length, stack === "dev" ? 4 : 3);
            for (const { urn, dependencies } of live) assert.ok(dependencies.includes(job.urn), urn);
            const readers = made.filter(({ type }) => /:(Deployment|CronJob)$/.test(type));
            assert.equal(readers.length, 5);
            for (const { urn, dependencies } of readers) {
                for (const { urn: read } of live)
                    assert.ok(dependencies.includes(read), `${urn} does not wait for ${read}`);
            }
            assert.ok(job.dependencies.every((urn) => !live.some((other) => other.urn === urn)));
        }
    });

    it("leaves job queue, engine and backup as they are until the webserver is ready", async () => {
        const made = await recordStack("prod");
        const webserver = made.find(({ name, type }) => name === "bots-edi-webserver" && type.endsWith(":Deployment"));
        assert.ok(webserver);
        for (const part of ["jobqueue", "engine", "backup"]) {
            const found = made.find(({ name, custom }) => name === `bots-edi-${part}` && custom);
            assert.ok(found?.dependencies.includes(webserver.urn), part);
        }
    });

    it("puts the Ingress and the Sensor last", async () => {
        const made = await recordStack("prod");
        const position = (kind: string) => made.findIndex(({ type }) => type.endsWith(`:${kind}`));
        for (const kind of ["Ingress", "Sensor"]) assert.ok(position(kind) > position("Deployment"), kind);
        const sensor = made[position("Sensor")];
        for (const workload of ["webserver", "jobqueue", "engine"]) {
            assert.ok(
                sensor?.dependencies.some((urn) => urn.endsWith(`::bots-edi-${workload}`)),
                workload,
            );
        }
    });

    it("fails the program, and never registers the rest, when the Job fails", () => {
        const program = join(__dirname, "..", "support", "failingInit.ts");
        const run = spawnSync(process.execPath, ["-r", "ts-node/register", program], { encoding: "utf8" });
        assert.notEqual(run.status, 0);
        assert.match(run.stderr, /db-init failed on purpose/);
        const registered = run.stdout.trim().split("\n");
        // The candidate's alone.
        assert.equal(registered.filter((type) => type.endsWith(":ConfigMap")).length, 3);
        assert.deepEqual(
            registered.filter((type) => AFTER.test(type)),
            [],
        );
    });
});
