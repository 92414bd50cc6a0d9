import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { parseSettings, SettingsContext } from "../../settings";
import { record } from "../support/recorder";
import { recordStack } from "../support/stack";

const TAG = { imageTag: "4.0" };

/** The lines of the error that a configuration ends with. */
function errors(raw: Record<string, unknown>, context: SettingsContext = {}): string[] {
    try {
        parseSettings(raw, context);
    } catch (error) {
        assert.ok(pulumi.RunError.isInstance(error));
        return error.message.split("\n").filter((line) => line.startsWith("  "));
    }
    return [];
}

/** Asserts that a configuration has exactly one error, whose text matches. */
function refused(raw: Record<string, unknown>, message: RegExp, context?: SettingsContext): void {
    const found = errors({ ...TAG, ...raw }, context);
    assert.equal(found.length, 1, `one error was expected: ${found.join("\n")}`);
    assert.match(found[0] ?? "", message);
}

describe("settings", () => {
    it("defaults to the values of the spec", () => {
        const settings = parseSettings(TAG);
        assert.equal(settings.namespace, "edi");
        assert.equal(settings.image.repository, "harbor.pminc.me/priv/bots-edi");
        assert.equal(settings.storageClass, "t1-shiva-nfs");
        assert.deepEqual(settings.storage, { accessMode: "ReadWriteMany", data: "20Gi", logs: "5Gi", config: "1Gi" });
        assert.equal(settings.databaseSecret, "bots-edidb-secret");
        assert.equal(settings.webserver.replicas, 1);
        assert.equal(settings.engine.schedule, "*/5 * * * *");
        assert.deepEqual(settings.engine.arguments, ["--new"]);
        assert.equal(settings.databaseInit.deadlineSeconds, 300);
        const sizes = (part: "webserver" | "jobqueue" | "engine" | "databaseInit") =>
            (["cpu", "memory"] as const).map((kind) =>
                [settings[part].resources.requests[kind], settings[part].resources.limits[kind]].join("-"),
            );
        assert.deepEqual(sizes("webserver"), ["100m-1000m", "256Mi-1Gi"]);
        assert.deepEqual(sizes("jobqueue"), ["100m-500m", "256Mi-512Mi"]);
        assert.deepEqual(sizes("engine"), ["200m-2000m", "512Mi-2Gi"]);
        assert.deepEqual(sizes("databaseInit"), ["100m-500m", "256Mi-512Mi"]);
    });

    it("keeps the default of what a group leaves out", () => {
        const { requests, limits } = parseSettings({ ...TAG, engine: { resources: { limits: { memory: "4Gi" } } } })
            .engine.resources;
        assert.deepEqual(
            [requests, limits],
            [
                { cpu: "200m", memory: "512Mi" },
                { cpu: "2000m", memory: "4Gi" },
            ],
        );
    });

    describe("refuses, naming the key, the value and what is taken:", () => {
        const cases: [string, Record<string, unknown>, RegExp][] = [
            ["a missing tag", { imageTag: undefined }, /bots-edi:imageTag is missing; takes a fixed tag/],
            ["latest", { imageTag: "latest" }, /bots-edi:imageTag is "latest"; takes a fixed tag.*not latest/],
            ["an illegal tag", { imageTag: "4 0" }, /bots-edi:imageTag is "4 0"; takes a fixed tag/],
            [
                "an unknown key",
                { imageTg: "4.0" },
                /bots-edi:imageTg is "4.0", and is no setting; the nearest is imageTag$/,
            ],
            [
                "an unknown key in a group",
                { engine: { schedul: "@daily" } },
                /engine\.schedul is "@daily", and is no setting; the nearest is schedule$/,
            ],
            [
                "an unknown key like no other",
                { xyzzyplugh: 1 },
                /bots-edi:xyzzyplugh is 1, and is no setting; the nearest is \w+$/,
            ],
            [
                "a number of job queues",
                { jobqueue: { replicas: 2 } },
                /jobqueue\.replicas is 2, .*the nearest is resources$/,
            ],
            [
                "a bad schedule",
                { engine: { schedule: "every 5" } },
                /engine\.schedule is "every 5"; takes a cron schedule .*got 2/,
            ],
            ["memory for CPU", { webserver: { resources: { limits: { cpu: "1Gi" } } } }, /cpu is "1Gi"; takes a CPU/],
            ["thousandths of a byte", { storage: { data: "20m" } }, /storage\.data is "20m"; takes a storage quantity/],
            ["a bad quantity", { storage: { data: "20 Gi" } }, /storage\.data is "20 Gi"; takes a storage quantity/],
            [
                "a bad host name",
                { ingress: { host: "https://a.b" } },
                /ingress\.host is "https:\/\/a\.b"; takes a host name/,
            ],
            ["a bad name", { databaseSecret: "My_Secret" }, /databaseSecret is "My_Secret"; takes a Kubernetes name/],
            ["a bad log level", { logLevel: "loud" }, /logLevel is "loud"; takes DEBUG \| INFO \|/],
            ["a bad route id", { engine: { routes: ["-x"] } }, /engine\.routes\.0 is "-x"; takes a Bots route id/],
            [
                "an option that bots-engine does not know",
                { engine: { arguments: ["--routeid=orders"] } },
                /engine\.arguments\.0 is "--routeid=orders"; takes --new .*route ids go into engine\.routes/,
            ],
            [
                "a limit below its request",
                { webserver: { resources: { limits: { cpu: "50m" } } } },
                /webserver\.resources\.limits\.cpu is "50m"; takes at least the request, 100m/,
            ],
            [
                "no replicas",
                { webserver: { replicas: 0 } },
                /webserver\.replicas is 0; takes a whole number of at least 1/,
            ],
            ["negative replicas", { webserver: { replicas: -2 } }, /webserver\.replicas is -2; takes/],
            [
                "a volume of one node for pods of many",
                { storage: { accessMode: "ReadWriteOnce" } },
                /accessMode is "ReadWriteOnce"; takes ReadWriteMany, or/,
            ],
            [
                "an in-cluster database in production",
                { production: true, database: {} },
                /bots-edi:database is \{\}; takes nothing in production/,
            ],
            [
                "an Ingress without TLS in production",
                { production: "true", ingress: { host: "a.b" } },
                /bots-edi:tlsSecret is missing; takes the name of a TLS Secret/,
            ],
            [
                "a secret in plain env",
                { env: { EMAIL_HOST_PASSWORD: "hunter2" } },
                /env\.EMAIL_HOST_PASSWORD is \[secret\]; takes nothing secret.*secretEnv/,
            ],
            [
                "a variable of the program",
                { env: { DB_HOST: "x" } },
                /env\.DB_HOST is "x"; takes no variable that the program sets itself/,
            ],
            [
                "a secret variable of the program",
                { secretEnv: { DB_PASSWORD: "x" } },
                /secretEnv\.DB_PASSWORD is \[secret\]; takes no variable/,
            ],
            ["a bad variable name", { env: { "A B": "x" } }, /env\.A B is no legal name; takes names of letters/],
            [
                "an autoscaler upside down",
                { webserver: { autoscaling: { minReplicas: 3, maxReplicas: 2 } } },
                /maxReplicas is 2; takes at least minReplicas, 3/,
            ],
            [
                "a wait beyond the deadline",
                { engine: { waitSeconds: 61, deadlineSeconds: 60 } },
                /bots-edi:engine\.waitSeconds is 61; takes at most engine\.deadlineSeconds, 60$/,
            ],
            [
                "monitoring by a Prometheus that is kept out",
                { monitoring: { serviceMonitor: true } },
                /bots-edi:networkPolicy\.monitoringNamespace is missing; takes the namespace of Prometheus where/,
            ],
            [
                "alerts of a Prometheus that is kept out",
                { monitoring: { rules: true } },
                /bots-edi:networkPolicy\.monitoringNamespace is missing; takes the namespace of Prometheus where/,
            ],
            [
                "a bad label of the operator",
                { monitoring: { labels: { release: "a b" } } },
                /takes the value of a label/,
            ],
            ["text for a group", { webserver: "big" }, /webserver is "big"; takes object/],
            [
                "text where true or false belongs",
                { createNamespace: "yes" },
                /createNamespace is "yes"; takes true or false/,
            ],
            [
                "a toleration of any value that names one",
                { tolerations: [{ key: "a", operator: "Exists", value: "b" }] },
                /tolerations\.0\.value is "b"; takes nothing where the operator is Exists/,
            ],
            [
                "a bad node label",
                { nodeSelector: { disk: "a b" } },
                /nodeSelector\.disk is "a b"; takes the value of a/,
            ],
            [
                "an image updater without a registry",
                { image: { repository: "bots-edi" }, imageUpdater: {} },
                /image\.repository is "bots-edi"; takes a repository with its registry/,
            ],
            ["text that is no JSON for a group", { engine: "{oops" }, /engine is "\{oops"; takes object/],
            [
                "neither true nor false, and nothing else",
                { production: "yes", database: {} },
                /production is "yes"; takes/,
            ],
            [
                "a time zone in small letters",
                { timeZone: "europe/paris" },
                /timeZone is "europe\/paris"; takes an IANA/,
            ],
            ["a bad time zone", { timeZone: "Mars/Olympus" }, /timeZone is "Mars\/Olympus"; takes an IANA time zone/],
        ];
        for (const [what, raw, message] of cases) {
            it(what, () => {
                refused(raw, message);
            });
        }

        it("plain text where a secret is required", () => {
            refused({ secretEnv: { A: "b" } }, /secretEnv is plain text; takes secrets only/, { secretKeys: [] });
            assert.deepEqual(errors({ ...TAG, secretEnv: { A: "b" } }, { secretKeys: ["secretEnv"] }), []);
        });

        it("a long value, cut short", () => {
            refused({ imageTag: "x".repeat(500) }, /^.{60,220}$/);
        });
    });

    it("reports all errors at once, rules over several keys included", () => {
        const found = errors(
            {
                namespace: "X",
                imageTg: "4",
                engine: { schedule: "x", resources: { limits: { cpu: "1m" } } },
                database: {},
            },
            { stack: "prod" },
        );
        for (const key of [
            "namespace",
            "imageTag",
            "imageTg",
            "engine.schedule",
            "engine.resources.limits.cpu",
            "database",
        ]) {
            assert.ok(
                found.some((line) => line.includes(`bots-edi:${key} `)),
                `${key} is not in ${found.join("\n")}`,
            );
        }
        assert.equal(found.length, 6);
    });

    it("takes one node's volume where every pod runs on that node", () => {
        const nodeSelector = { "kubernetes.io/hostname": "node-1" };
        assert.deepEqual(errors({ ...TAG, storage: { accessMode: "ReadWriteOnce" }, nodeSelector }), []);
    });

    it("turns the production rules on in stack prod, unless told otherwise", () => {
        assert.equal(parseSettings(TAG, { stack: "prod" }).production, true);
        assert.equal(parseSettings({ ...TAG, production: "false" }, { stack: "prod" }).production, false);
        assert.equal(parseSettings(TAG, { stack: "dev" }).production, false);
    });

    it("never throws anything but its own error, and never takes a floating tag", () => {
        const value = fc.oneof(
            fc.constantFrom("latest", "4.0"),
            fc.string(),
            fc.integer(),
            fc.boolean(),
            fc.constant(null),
            fc.object({ maxDepth: 2 }),
        );
        const keys = [
            "imageTag",
            "imageTag",
            "namespace",
            "engine",
            "webserver",
            "storage",
            "env",
            "secretEnv",
            "ingress",
            "database",
            "nonsense",
        ];
        const raw = fc.dictionary(fc.constantFrom(...keys), value);
        fc.assert(
            fc.property(raw, (config) => {
                try {
                    assert.notEqual(parseSettings(config).imageTag, "latest");
                } catch (error) {
                    assert.ok(pulumi.RunError.isInstance(error), String(error));
                }
            }),
            { numRuns: 500 },
        );
    });

    it("ends the program before any resource is registered", async () => {
        const changes = { "bots-edi:imageTag": "latest", "bots-edi:nonsense": "1", "other:key": "ignored" };
        let registered = 0;
        const run = recordStack("prod", changes, {
            beforeRegister: () => {
                registered++;
            },
        });
        await assert.rejects(
            run,
            /of stack prod has 2 errors:\n {2}bots-edi:imageTag is "latest".*\n {2}bots-edi:nonsense/,
        );
        assert.equal(registered, 0);
    });

    it("names a group of the stack's file that is no JSON, beside the other errors", async () => {
        const changes = { "bots-edi:imageTag": "latest", "bots-edi:engine": '{"schedule":' };
        await assert.rejects(recordStack("dev", changes), /has 2 errors:\n {2}bots-edi:.*\n {2}bots-edi:.*/);
        await assert.rejects(recordStack("dev", changes), /bots-edi:engine is "\{\\"schedule\\":"; takes object/);
    });

    it("takes numbers and booleans for text inside groups, as pulumi config set --path stores them", () => {
        const settings = parseSettings({
            ...TAG,
            env: { EMAIL_PORT: 587, EMAIL_USE_TLS: true },
            nodeSelector: { ssd: true },
            engine: { routes: [810], resources: { limits: { cpu: 2 } } },
        });
        assert.deepEqual(settings.env, { EMAIL_PORT: "587", EMAIL_USE_TLS: "true" });
        assert.deepEqual(settings.nodeSelector, { ssd: "true" });
        assert.deepEqual(settings.engine.routes, ["810"]);
        assert.equal(settings.engine.resources.limits.cpu, "2");
        assert.equal(settings.webserver.replicas, 1);
        refused({ imageTag: 4.1 }, /imageTag is 4.1; takes a fixed tag/);
    });

    it("lets the time limit of queries be set, which the program does not", () => {
        assert.equal(parseSettings({ ...TAG, env: { DB_READ_TIMEOUT: "600" } }).env.DB_READ_TIMEOUT, "600");
    });

    it("shows no value that Pulumi keeps secret", () => {
        refused({ storageClass: "My Secret" }, /storageClass is \[secret\]; takes/, { secretKeys: ["storageClass"] });
    });

    it("takes secretEnv as Pulumi hands it over", async () => {
        const changes = { "bots-edi:secretEnv": JSON.stringify({ EMAIL_HOST_PASSWORD: "hunter2" }) };
        await assert.rejects(recordStack("prod", changes), /secretEnv is plain text/);
        const made = await recordStack("prod", changes, { secretKeys: ["bots-edi:secretEnv"] });
        assert.ok(made.some(({ name }) => name === "bots-edi-credentials-env"));
    });

    it("is usable without a stack", async () => {
        assert.deepEqual(await record(() => parseSettings(TAG)), []);
    });
});
