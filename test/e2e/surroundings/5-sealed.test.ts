/** A Secret that stands sealed in the stack's configuration, and the controller that opens it. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../../../operations/exec";
import { kubeseal } from "../../../sandbox/surroundings/sealedSecrets";
import { TestNamespace } from "../namespace";
import { assertMadeInOrder } from "../pulumi/order";
import { TestStack } from "../pulumi/testStack";
import { MARIADB, OutsideDatabase, type Secret, type Values, valuesOf } from "./outsideDatabase";

const bots = new TestNamespace("sealed-bots");
const outside = new TestNamespace("sealed-database");
const database = new OutsideDatabase(outside);

const LIVE = "bots-edidb-secret";

describe("Sealed Secrets", function () {
    this.timeout("10m").bail(false);
    const folder = mkdtempSync(join(tmpdir(), "bots-edi-sealed-"));
    const certificate = join(folder, "certificate.pem");
    let stack: TestStack;
    let credentials: Values;

    /** Seals values as a person does. */
    const seal = async (values: Values, name = "any") => {
        const sealed: Values = {};
        for (const [key, value] of Object.entries(values)) {
            const file = join(folder, "value");
            writeFileSync(file, value);
            const where = ["--namespace", bots.name, "--name", name, "--cert", certificate];
            sealed[key] = await run(kubeseal(), ["--raw", "--scope", "namespace-wide", ...where, "--from-file", file]);
        }
        return { sealedSecrets: { databaseSecret: { scope: "namespace-wide", encryptedData: sealed } } };
    };

    const live = async () => valuesOf(await bots.get<Secret>("secret", LIVE));

    /** The uids of the services' pods. */
    const pods = async () => (await bots.pods("webserver", "jobqueue")).map(({ metadata }) => metadata.uid).sort();

    /** An update that has to fail, which shows why; what runs is as it was, and so is the live Secret. */
    const fails = async (settings: Record<string, unknown>, message: RegExp) => {
        const before = [await pods(), await live()];
        stack.set(settings);
        await stack.failsToUpdate(message);
        assert.deepEqual([await pods(), await live()], before);
    };

    before(async () => {
        await Promise.all([bots.create(), outside.create()]);
        credentials = await database.start();
        const kubeSystem = new TestNamespace("kube-system");
        const key = ["secrets", "-l", "sealedsecrets.bitnami.com/sealed-secrets-key=active"];
        const encoded = await kubeSystem.kubectl("get", ...key, "-o", "jsonpath={.items[0].data.tls\\.crt}");
        writeFileSync(certificate, Buffer.from(encoded, "base64"));
        stack = await TestStack.botsEdi({
            namespace: bots.name,
            networkPolicy: { database: [{ namespace: outside.name, ports: [3306] }] },
            engine: { suspend: true },
            databaseInit: { deadlineSeconds: 90 },
            backup: { clientImage: MARIADB, suspend: true },
        });
    });
    after(async () => {
        stack.remove();
        rmSync(folder, { recursive: true });
        await Promise.all([bots.delete(), outside.delete()]);
    });

    it("opens the database's Secret for db-init first, and the live one once db-init has completed with it", async () => {
        stack.set(await seal(credentials));
        const text = await stack.up();
        assertMadeInOrder(
            text,
            "SealedSecret bots-edi-credentials-database-candidate",
            "Job bots-edi-db-init",
            "SealedSecret bots-edi-credentials-database",
            "Deployment bots-edi-webserver",
        );
        assert.deepEqual(await live(), credentials);
    });

    it("takes a new value over with an update, which rolls the pods", async () => {
        const earlier = await pods();
        const password = randomBytes(18).toString("hex");
        await database.letIn(credentials.DB_PASSWORD ?? "", password);
        credentials = { ...credentials, DB_PASSWORD: password };
        stack.set(await seal(credentials));
        await stack.up();
        await database.letIn(password);
        assert.deepEqual(await live(), credentials);
        for (const reader of ["webserver", "jobqueue"]) {
            const command = ["exec", `deployment/bots-${reader}`, "-c", reader, "--", "printenv", "DB_PASSWORD"];
            assert.equal((await bots.kubectl(...command)).trim(), password);
        }
        assert.ok((await pods()).every((uid) => !earlier.includes(uid)));
    });

    it("leaves all as it is where the database refuses what was sealed", async () => {
        await fails(await seal({ ...credentials, DB_PASSWORD: "wrong" }), /Access denied/);
    });

    it("leaves all as it is where the controller cannot open it, and shows why", async () => {
        const { sealedSecrets } = await seal(credentials);
        const { databaseSecret } = sealedSecrets;
        await fails(
            { sealedSecrets: { databaseSecret: { ...databaseSecret, scope: "cluster-wide" } } },
            /no key could decrypt secret/,
        );
    });

    it("leaves the live Secret where the stack makes it no longer", async () => {
        stack.set({ sealedSecrets: undefined });
        await stack.up();
        assert.deepEqual(await live(), credentials);
    });
});
