import assert from "node:assert/strict";
import { find, Manifest, system } from "../../support/find";
import { BotsEdi } from "../../../components/botsEdi";
import { parseSettings } from "../../../settings";
import { MASK, record, Registration, SECRET_SIGNATURE } from "../../support/recorder";

const data = (made: readonly Registration[], name: string) =>
    find(made, "ConfigMap", name).inputs.data as Record<string, string>;
/** The checksums of every workload's pods. */
const checksums = (made: readonly Registration[]) =>
    (
        [
            ["Deployment", "bots-webserver"],
            ["Deployment", "bots-jobqueue"],
            ["CronJob", "bots-engine"],
            ["Job", "bots-db-init"],
        ] as const
    ).map(([kind, name]) => {
        const { spec } = find(made, kind, name).inputs;
        const { template } = spec.jobTemplate?.spec ?? spec;
        return template.metadata.annotations["checksum/config"] as string;
    });

describe("Configuration", () => {
    it("tells Bots where it is reached, when it is and how much to say", async () => {
        const made = await system({
            ingress: { host: "edi.pminc.me" },
            tlsSecret: "tls",
            timeZone: "Europe/Amsterdam",
            logLevel: "DEBUG",
            env: { EMAIL_HOST: "mail" },
        });
        assert.deepEqual(data(made, "bots-config-env"), {
            BOTSENV: "default",
            TZ: "Europe/Amsterdam",
            LOG_LEVEL: "DEBUG",
            DEBUG: "false",
            DIRECTORY_MONITOR: "false",
            DJANGO_SECURE: "true",
            ALLOWED_HOSTS: "edi.pminc.me,bots-webserver,bots-webserver.edi.svc,localhost,127.0.0.1",
            CSRF_TRUSTED_ORIGINS: "https://edi.pminc.me",
            ENGINE_WAIT: "600",
            JOBQUEUE_GATEWAY: "bots-jobqueue:28083",
            EMAIL_HOST: "mail",
        });
    });

    it("allows a port-forward where there is no Ingress, and what is given otherwise", async () => {
        const plain = data(await system(), "bots-config-env");
        assert.equal(plain.CSRF_TRUSTED_ORIGINS, "http://localhost:8080,http://127.0.0.1:8080");
        assert.equal(plain.DJANGO_SECURE, "false");
        const given = data(
            await system({ allowedHosts: ["*"], csrfTrustedOrigins: ["https://a.b"] }),
            "bots-config-env",
        );
        assert.deepEqual([given.ALLOWED_HOSTS, given.CSRF_TRUSTED_ORIGINS], ["*", "https://a.b"]);
    });

    it("has every engine wait as long as set, and never longer than its deadline by itself", async () => {
        const wait = async (engine: object) => data(await system({ engine }), "bots-config-env").ENGINE_WAIT;
        assert.equal(await wait({ waitSeconds: 30 }), "30");
        assert.equal(await wait({ deadlineSeconds: 60 }), "60");
    });

    it("carries what settings.py loads", async () => {
        const files = Object.keys(data(await system(), "bots-config-settings")).sort();
        assert.deepEqual(files, [
            "check.py",
            "database_form.py",
            "directory_monitor.py",
            "engine_lock.py",
            "engine_recovery.py",
            "engine_run.py",
            "image_update.py",
            "job_queue.py",
            "metrics.py",
            "migrations.py",
            "queue_gateway.py",
            "run_record.py",
            "settings.py",
            "web_server.py",
        ]);
    });

    it("is a candidate first, of the same content under a name of its own", async () => {
        const made = await system({ env: { A: "b" } });
        for (const name of ["bots-config-ini", "bots-config-settings", "bots-config-env"]) {
            assert.deepEqual(data(made, `${name}-candidate`), data(made, name));
        }
    });

    it("an edit of what only the webserver reads restarted the job queue: each pod carries what it reads", async () => {
        const made = await system();
        const modules = (kind: string, name: string) => {
            const { spec } = find(made, kind, name).inputs;
            const { template } = spec.jobTemplate?.spec ?? spec;
            return template.metadata.annotations["checksum/modules"] as string | undefined;
        };
        const services = [
            modules("Deployment", "bots-webserver"),
            modules("Deployment", "bots-jobqueue"),
            modules("CronJob", "bots-engine"),
            modules("Job", "bots-db-init"),
        ];
        assert.equal(new Set(services).size, 4);
        assert.equal(modules("CronJob", "bots-config-backup"), undefined);
    });

    it("rolls every pod when it changes, and none when it does not", async () => {
        const before = checksums(await system());
        const scaled = checksums(await system({ webserver: { replicas: 2 } }));
        const changed = checksums(await system({ env: { A: "b" } }));
        assert.equal(new Set(before).size, 1);
        assert.deepEqual(scaled, before);
        assert.equal(new Set(changed).size, 1);
        assert.notEqual(changed[0], before[0]);
    });
});

describe("Storage", () => {
    it("makes the three claims of the spec, and that of the backups, protected and retained", async () => {
        const made = await system();
        for (const [name, size] of [
            ["bots-edi-data-pvc", "20Gi"],
            ["bots-edi-logs-pvc", "5Gi"],
            ["bots-edi-config-pvc", "1Gi"],
            ["bots-edi-backup-pvc", "20Gi"],
        ] as const) {
            const { inputs, protect, retainOnDelete } = find(made, "PersistentVolumeClaim", name);
            assert.deepEqual(inputs.spec, {
                accessModes: ["ReadWriteMany"],
                storageClassName: "t1-shiva-nfs",
                resources: { requests: { storage: size } },
            });
            assert.deepEqual([protect, retainOnDelete], [true, true]);
        }
    });

    it("lets go of the data only where the stack says so", async () => {
        const made = await system({ protectData: false, database: {} });
        const held = made.filter(({ protect, retainOnDelete }) => protect || retainOnDelete);
        assert.deepEqual(held, []);
    });
});

describe("Credentials", () => {
    it("makes nothing where the Secret exists", async () => {
        assert.deepEqual(
            (await system()).filter(({ inputs }) => inputs.kind === "Secret"),
            [],
        );
    });

    it("generates the Secret for a database in the cluster, its passwords secret", async () => {
        const made = await system({ database: {} });
        const { inputs, protect } = find(made, "Secret", "bots-edidb-secret");
        assert.deepEqual(inputs.data[SECRET_SIGNATURE] !== undefined, true);
        const values = Object.entries(inputs.data.value as Record<string, string>);
        const decoded = values.map(([key, value]) => [key, Buffer.from(value, "base64").toString()] as const);
        const { DB_PASSWORD, DJANGO_SECRET_KEY, ...plain } = Object.fromEntries(decoded);
        assert.deepEqual(plain, {
            DB_ENGINE: "mysql",
            DB_HOST: "bots-db",
            DB_PORT: "3306",
            DB_NAME: "botsedi",
            DB_USER: "botsedi",
        });
        assert.ok(DB_PASSWORD && DJANGO_SECRET_KEY);
        // What comes after db-init cannot be protected: `destroy --exclude-protected` would keep db-init, and all before it.
        const candidate = find(made, "Secret", "bots-edidb-secret-candidate");
        assert.deepEqual(candidate.inputs.data, inputs.data);
        assert.deepEqual([candidate.protect, protect], [true, false]);
    });

    it("a new password went into the Secret that the pods read before anything had tried it: they follow db-init", async () => {
        const made = await system({ database: {} });
        const { template } = find(made, "Deployment", "bots-webserver").inputs.spec;
        assert.equal(template.metadata.annotations["checksum/database-secret"], MASK);
        const reads = (pod: Manifest) => new Set(JSON.stringify(pod).match(/bots-edidb-secret[a-z-]*/g));
        assert.deepEqual([...reads(template)], ["bots-edidb-secret"]);
        // It is made before db-init runs, so it has no live one yet.
        const database = find(made, "StatefulSet", "bots-db").inputs.spec.template;
        assert.deepEqual([...reads(database)], ["bots-edidb-secret-candidate"]);
    });

    it("keeps further secrets out of the ConfigMaps, and rolls the pods when they change", async () => {
        const made = await system({ secretEnv: { EMAIL_HOST_PASSWORD: "hunter2" } });
        const { template } = find(made, "Deployment", "bots-jobqueue").inputs.spec;
        assert.deepEqual(template.spec.containers[0].env.at(-1), {
            name: "EMAIL_HOST_PASSWORD",
            valueFrom: { secretKeyRef: { name: "bots-edi-secret-env", key: "EMAIL_HOST_PASSWORD" } },
        });
        const elsewhere = made.filter(
            ({ inputs }) => inputs.kind !== "Secret" && JSON.stringify(inputs).includes("hunter2"),
        );
        assert.deepEqual(elsewhere, []);
        assert.ok(SECRET_SIGNATURE in find(made, "Secret", "bots-edi-secret-env").inputs.data);
    });
});

describe("secretEnv", () => {
    it("an unsalted sha256 of it could be guessed offline: what rolls the pods is random, made anew with each change", async () => {
        const secretEnv = { PIN: "1234" };
        const made = await record(() => new BotsEdi("bots", parseSettings({ imageTag: "4.0", secretEnv })));
        const version = made.find(({ name }) => name === "bots-credentials-env-version");
        assert.equal(version?.type, "random:index/randomPassword:RandomPassword");
        assert.deepEqual((version.inputs.keepers as { value: unknown }).value, secretEnv);
        const { template } = find(made, "Deployment", "bots-jobqueue").inputs.spec;
        assert.equal(template.metadata.annotations["checksum/secret-env"], MASK);
    });
});

describe("Database", () => {
    it("a wrong image stayed when it was put right (OrderedReady): pods are replaced, ready or not", async () => {
        const { inputs, timeouts } = find(await system({ database: {} }), "StatefulSet", "bots-db");
        assert.equal(inputs.spec.podManagementPolicy, "Parallel");
        assert.deepEqual(timeouts, { create: "600s", update: "600s", delete: "600s" });
    });

    it("postgresql in place of mariadb was empty, on the claim of the other's files: each has a claim, kept by itself", async () => {
        const claims = async (engine: "mariadb" | "postgresql") =>
            (await system({ database: { engine } })).filter(({ inputs }) => inputs.kind === "PersistentVolumeClaim");
        const before = await claims("mariadb");
        const after = await claims("postgresql");
        const left = before.filter(({ name }) => !after.some((other) => other.name === name));
        // Protected: an update that would take it away ends before it begins.
        assert.deepEqual(
            left.map(({ inputs, protect }) => [(inputs as Manifest).metadata.name, protect]),
            [["bots-db-data-pvc", true]],
        );
    });

    for (const [engine, image, port, claimName] of [
        ["mariadb", "docker.io/library/mariadb:10.11.11", 3306, "bots-db-data-pvc"],
        ["postgresql", "docker.io/library/postgres:16.8", 5432, "bots-db-postgresql-data-pvc"],
    ] as const) {
        it(`runs ${engine}, restricted, on a claim of its own`, async () => {
            const made = await system({ database: { engine, size: "3Gi" } });
            const claim = find(made, "PersistentVolumeClaim", claimName);
            assert.equal(claim.inputs.spec.resources.requests.storage, "3Gi");
            assert.equal(claim.protect, true);
            const { spec } = find(made, "StatefulSet", "bots-db").inputs;
            assert.equal(spec.replicas, 1);
            assert.equal(spec.template.spec.securityContext.runAsUser, 999);
            const [container] = spec.template.spec.containers;
            assert.equal(container.image, image);
            assert.equal(container.securityContext.readOnlyRootFilesystem, true);
            const keys = container.env.flatMap((variable: { valueFrom?: { secretKeyRef: { key: string } } }) =>
                variable.valueFrom ? [variable.valueFrom.secretKeyRef.key] : [],
            );
            assert.deepEqual(keys, ["DB_NAME", "DB_USER", "DB_PASSWORD"]);
            assert.equal(find(made, "Service", "bots-db").inputs.spec.ports[0].port, port);
        });
    }

    it("a change that kept its pod from starting took the database away: a Job with all that its pod needs comes first", async () => {
        const made = await system({
            database: { engine: "postgresql", image: "localhost/db:1" },
            databaseInit: { deadlineSeconds: 90 },
            imagePullSecret: "harbor",
            nodeSelector: { disk: "ssd" },
            pods: { files: [{ secret: "ca", path: "/etc/ca" }], env: { PIN: { secret: "partner" } } },
        });
        const job = find(made, "Job", "bots-db-preflight");
        const statefulSet = find(made, "StatefulSet", "bots-db");
        assert.ok(statefulSet.dependencies.includes(job.urn));
        assert.equal(job.inputs.spec.activeDeadlineSeconds, 90);
        const [tried, run] = [job, statefulSet].map(({ inputs }) => inputs.spec.template.spec);
        for (const field of ["imagePullSecrets", "nodeSelector", "securityContext"])
            assert.deepEqual(tried[field], run[field]);
        for (const field of ["image", "env", "resources", "securityContext"])
            assert.deepEqual(tried.containers[0][field], run.containers[0][field]);
        assert.deepEqual(tried.volumes, run.volumes.slice(-1));
        assert.equal(tried.containers[0].command.at(-1), "pg_isready");
        // Neither the Service nor the StatefulSet takes its pod for the database.
        assert.notEqual(job.inputs.spec.template.metadata.labels.component, "database");
    });

    it("takes its own image and class where they are set", async () => {
        const made = await system({ database: { image: "localhost/db:1", storageClass: "fast" } });
        assert.equal(
            find(made, "StatefulSet", "bots-db").inputs.spec.template.spec.containers[0].image,
            "localhost/db:1",
        );
        assert.equal(find(made, "PersistentVolumeClaim", "bots-db-data-pvc").inputs.spec.storageClassName, "fast");
    });
});
