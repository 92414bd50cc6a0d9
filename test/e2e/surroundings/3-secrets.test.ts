/** Secrets from outside: External Secrets takes the database's from another namespace, as it would from a store elsewhere; the database is there, too. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { waitUntil } from "../../../operations/wait";
import { TestNamespace } from "../namespace";
import { assertMadeInOrder } from "../pulumi/order";
import { TestStack } from "../pulumi/testStack";
import { withoutFailure } from "../requests";
import { MARIADB, OutsideDatabase, type Secret, type Values, valuesOf } from "./outsideDatabase";

const bots = new TestNamespace("secrets-bots");
const upstream = new TestNamespace("secrets-upstream");
const database = new OutsideDatabase(upstream);

const LIVE = "bots-edidb-secret";
const READERS = ["webserver", "jobqueue"];
const STORE = { kubernetes: { namespace: upstream.name, serviceAccount: "reader" } };

/** Requests a second: a busy machine answers them all the same. */
const RATE = 10;

/** Seconds: External Secrets looks every 5 s, the watch too; then two Deployments are rolled. */
const LIMIT = 240;

const base64 = (values: Values) =>
    Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]));

describe("External Secrets", function () {
    this.timeout("10m").bail(false);
    let stack: TestStack;
    let credentials: Values;

    /** What upstream holds, from now on. */
    const put = async (values: Values) => {
        credentials = values;
        const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "bots" }, data: base64(values) };
        const apply = ["apply", "--server-side", "--force-conflicts", "-f", "-"];
        const { code, stderr } = await upstream.tryKubectl(apply, JSON.stringify(secret));
        assert.equal(code, 0, stderr);
    };

    /** The uids of the pods of services, by their component. */
    const pods = async () => {
        const there = await bots.pods("webserver", "jobqueue", "watch", "secret-watch");
        const running = there.filter(({ status }) => status.phase === "Running");
        return Object.fromEntries(running.map(({ metadata }) => [metadata.labels.component, metadata.uid]));
    };

    const rolled = async () => {
        for (const name of READERS) {
            await bots.kubectl("rollout", "status", `deployment/bots-${name}`, `--timeout=${LIMIT}s`);
        }
    };

    const passwordIn = async (reader: string) =>
        (await bots.kubectl("exec", `deployment/bots-${reader}`, "-c", reader, "--", "printenv", "DB_PASSWORD")).trim();

    /** The newest event on an ExternalSecret with this reason. */
    const event = async (reason: string) =>
        bots.kubectl(
            ...["get", "events", `--field-selector=reason=${reason}`, "--sort-by=.lastTimestamp"],
            ...["-o", "jsonpath={.items[-1:].message}"],
        );

    /** Waits for an event that is told once upstream holds something; what runs is as it was, and so is the live Secret. */
    const refused = async (values: Values, message: RegExp) => {
        const [running, live] = [await pods(), valuesOf(await bots.get<Secret>("secret", LIVE))];
        await put(values);
        const isTold = async () => message.test(await event("SecretRefused").catch(() => "")) || "no such event";
        await waitUntil(`an event like ${message.source}`, isTold, { timeout: 90 });
        assert.deepEqual(await pods(), running);
        assert.deepEqual(valuesOf(await bots.get<Secret>("secret", LIVE)), live);
    };

    /** An update that has to fail, which shows why; what runs is as it was. */
    const fails = async (settings: Record<string, unknown>, message: RegExp) => {
        const running = await pods();
        stack.set(settings);
        await stack.failsToUpdate(message);
        assert.deepEqual(await pods(), running);
    };

    const FROM_STORE = { databaseSecret: { extract: "bots", refreshSeconds: 5 } };

    before(async () => {
        await Promise.all([bots.create(), upstream.create()]);
        const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "reader" } };
        await bots.apply(account);
        const rules = [{ apiGroups: [""], resources: ["secrets"], verbs: ["get", "list", "watch"] }];
        await upstream.apply(
            { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata: { name: "reader" }, rules },
            {
                apiVersion: "rbac.authorization.k8s.io/v1",
                kind: "RoleBinding",
                metadata: { name: "reader" },
                roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "reader" },
                subjects: [{ kind: "ServiceAccount", name: "reader", namespace: bots.name }],
            },
        );
        await put(await database.start());
        stack = await TestStack.botsEdi({
            namespace: bots.name,
            secretStore: STORE,
            externalSecrets: FROM_STORE,
            networkPolicy: { database: [{ namespace: upstream.name, ports: [3306] }] },
            engine: { suspend: true },
            backup: { clientImage: MARIADB, suspend: true },
        });
    });
    after(async () => {
        stack.remove();
        await Promise.all([bots.delete(), upstream.delete()]);
    });

    it("makes the database's Secret for db-init first, and the live one once db-init has completed with it", async () => {
        const text = await stack.up();
        assertMadeInOrder(
            text,
            "SecretStore bots-edi-outside-secrets-store",
            "ExternalSecret bots-edi-credentials-database-candidate",
            "Job bots-edi-db-init",
            "ExternalSecret bots-edi-credentials-database",
            "Deployment bots-edi-webserver",
        );
        assert.deepEqual(valuesOf(await bots.get<Secret>("secret", LIVE)), credentials);
        await bots.kubectl("rollout", "status", "deployment/bots-secret-watch", "--timeout=120s");
        // The watch rolls nothing that has read the Secret as it is.
        const looked = await bots.value(
            "deployment/bots-webserver",
            ".metadata.annotations.deployment\\.kubernetes\\.io/revision",
        );
        assert.equal(looked, "1");
        await stack.succeed("preview", "--expect-no-changes");
    });

    it("takes a rotation upstream over, and rolls exactly the pods that read it; no request fails", async () => {
        const earlier = await pods();
        const password = randomBytes(18).toString("hex");
        await database.letIn(credentials.DB_PASSWORD ?? "", password);
        const rotate = async () => {
            const begin = Date.now();
            await put({ ...credentials, DB_PASSWORD: password });
            const isRolled = async () => {
                const now = await pods();
                return (
                    READERS.every((name) => now[name] !== undefined && now[name] !== earlier[name]) ||
                    JSON.stringify(now)
                );
            };
            await waitUntil("both readers to be rolled", isRolled, { timeout: LIMIT, interval: 500 });
            await rolled();
            console.log(`        rolled ${Math.round((Date.now() - begin) / 1000)} s after the change upstream`);
        };
        await withoutFailure(bots.name, rotate, RATE);
        const now = await pods();
        for (const [component, uid] of Object.entries(earlier)) {
            assert.equal(now[component] === uid, !READERS.includes(component), component);
        }
        for (const reader of READERS) assert.equal(await passwordIn(reader), password);
        // The old one is not used any more.
        await database.letIn(password);
        await bots.kubectl("rollout", "restart", "deployment/bots-webserver");
        await rolled();
        await stack.succeed("preview", "--refresh", "--expect-no-changes");
    });

    it("leaves all as it is where the database refuses what came from upstream, pods that start anew too", async () => {
        const good = credentials;
        await refused({ ...credentials, DB_PASSWORD: "wrong" }, /^bots-edidb-secret stays as it is, .*Access denied/);
        await bots.kubectl("rollout", "restart", "deployment/bots-webserver");
        await rolled();
        assert.equal(await passwordIn("webserver"), good.DB_PASSWORD);
        await put(good);
    });

    it("leaves all as it is where what came from upstream lacks a key, and names it", async () => {
        const { DB_HOST, ...lacking } = credentials;
        await refused(lacking, /^bots-edidb-secret stays as it is, .* it lacks DB_HOST$/);
        await put({ ...lacking, DB_HOST: DB_HOST ?? "" });
    });

    it("has an update fail where upstream lacks a key that is taken by its name, and shows which", async () => {
        const { DB_NAME, DB_USER, DB_PASSWORD, DB_HOST, DB_PORT, DJANGO_SECRET_KEY } = Object.fromEntries(
            Object.keys(credentials).map((key) => [key, { key: "bots", property: key }]),
        );
        const keys = {
            DB_NAME,
            DB_USER,
            DB_PASSWORD,
            DB_HOST,
            DB_PORT,
            DJANGO_SECRET_KEY: { ...DJANGO_SECRET_KEY, property: "KEY" },
        };
        await fails({ externalSecrets: { databaseSecret: { keys } } }, /UpdateFailed.*KEY/);
    });

    it("has an update fail where the store does not let the controller in, and shows why", async () => {
        const secretStore = { kubernetes: { ...STORE.kubernetes, serviceAccount: "nobody" } };
        await fails({ secretStore, externalSecrets: FROM_STORE }, /nobody/);
    });

    it("goes on once that is mended", async () => {
        stack.set({ secretStore: STORE, externalSecrets: FROM_STORE });
        await stack.up();
        await rolled();
        assert.deepEqual(valuesOf(await bots.get<Secret>("secret", LIVE)), credentials);
    });

    it("leaves the live Secret where the stack takes it from a store no longer", async () => {
        const running = await pods();
        stack.set({ secretStore: undefined, externalSecrets: undefined });
        await stack.up();
        assert.deepEqual(valuesOf(await bots.get<Secret>("secret", LIVE)), credentials);
        // The update does not wait for it.
        const isGone = async () => !(await bots.has("deployment/bots-secret-watch"));
        await waitUntil("the watch to be gone", isGone, { timeout: 60 });
        assert.notDeepEqual(await pods(), running);
    });
});
