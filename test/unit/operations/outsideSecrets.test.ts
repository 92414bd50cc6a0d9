import assert from "node:assert/strict";
import { manifestsOf } from "../../../operations/manifests";
import { checkKinds, checkNeighbours } from "../../../operations/preflight/cluster";
import { type Context } from "../../../operations/preflight/context";
import { fatal, fine } from "../../../operations/preflight/finding";
import { checkDatabase } from "../../../operations/preflight/pods";
import { rightsNeeded } from "../../../operations/preflight/rights";
import { type Scratch } from "../../../operations/preflight/scratch";
import { checkSecrets } from "../../../operations/preflight/secrets";
import { rotate } from "../../../operations/rotate";
import { type System } from "../../../operations/system";
import { parseSettings, type SettingsInput } from "../../../settings";
import { NAMED_SECRETS } from "../../../settings/namedSecrets";
import { sealed, STORE } from "../../support/outside";

const FROM_STORE: Partial<SettingsInput> = {
    secretStore: STORE,
    externalSecrets: { databaseSecret: { extract: "bots" } },
};

const SEALED: Partial<SettingsInput> = {
    sealedSecrets: {
        databaseSecret: { encryptedData: sealed(...NAMED_SECRETS.databaseSecret.keys), scope: "namespace-wide" },
    },
};

/** What a check sees of a cluster with External Secrets, where objects of these names are there. */
async function context(settings: Partial<SettingsInput>, there: readonly string[] = []): Promise<Context> {
    const checked = parseSettings({ imageTag: "4.0", ...settings });
    const kubectl = {
        try: (args: readonly string[]) => {
            const isThere = args.some((word) => there.includes(word));
            return Promise.resolve({ code: isThere ? 0 : 1, stdout: "", stderr: isThere ? "" : "(NotFound)" });
        },
    };
    const kinds = ["SecretStore", "ExternalSecret"].map((kind) => ({
        kind,
        apiVersion: "external-secrets.io/v1",
        resource: `${kind.toLowerCase()}s`,
        isNamespaced: true,
    }));
    const cluster = { kubectl, kinds, hasNamespace: true } as unknown as Context;
    return { ...cluster, settings: checked, manifests: await manifestsOf("test", checked) };
}

describe("preflight of Secrets from outside", () => {
    it("looks for those alone that nothing makes", async () => {
        const found = await checkSecrets(
            await context({ ...FROM_STORE, imagePullSecret: "harbor", superuserSecret: "admin" }),
        );
        assert.deepEqual(
            found.map(({ level, what }) => [level, what]),
            [
                ["fine", "Secret bots-edidb-secret is made of externalSecrets.databaseSecret"],
                ["fatal", "Secret harbor is not in namespace edi"],
                ["fatal", "Secret admin is not in namespace edi"],
            ],
        );
        const [first] = await checkSecrets(await context(SEALED));
        assert.deepEqual(first, fine("Secret bots-edidb-secret is made of sealedSecrets.databaseSecret"));
    });

    it("leaves the first login to db-init, where there is no candidate yet", async () => {
        const scratch = {
            namespace: "edi",
            id: "x",
            name: (what: string) => what,
            create: () => Promise.reject(new Error("made")),
        } as unknown as Scratch;
        assert.deepEqual(await checkDatabase(await context(FROM_STORE), scratch), [
            fine("the database's Secret will be made, and db-init logs in with it first"),
        ]);
        const [found] = await checkDatabase(await context(FROM_STORE, ["bots-edidb-secret-candidate"]), scratch);
        assert.match(found?.what ?? "", /no pod may log in at the database: made/);
    });

    it("says what is to be installed where the cluster does not know the kinds", async () => {
        const unknown = checkKinds({ ...(await context(FROM_STORE)), kinds: [] });
        const todo = "install External Secrets 0.16 or newer, or take externalSecrets out of the stack";
        assert.deepEqual(
            unknown.filter(({ what }) => what.includes("external-secrets.io")),
            [
                fatal("the cluster knows no SecretStore of external-secrets.io/v1", todo),
                fatal("the cluster knows no ExternalSecret of external-secrets.io/v1", todo),
                fatal("the cluster knows no ExternalSecret of external-secrets.io/v1", todo),
            ],
        );
    });

    for (const [kind, there] of [
        ["SecretStore", ["company"]],
        ["SecretStore", []],
    ] as const) {
        it(`looks for a store that is ${there.length > 0 ? "" : "not "}there`, async () => {
            const settings = { ...FROM_STORE, secretStore: { existing: { name: "company", kind } } };
            const found = await checkNeighbours(await context(settings, there));
            const of = found.filter(({ what }) => what.startsWith("secretstore company"));
            assert.deepEqual(
                of.map(({ level, what }) => [level, what]),
                [
                    there.length > 0
                        ? ["fine", "secretstore company is there"]
                        : ["fatal", "secretstore company is not there"],
                ],
            );
        });
    }

    it("asks for the rights on what an update makes", async () => {
        const rights = rightsNeeded(await context(FROM_STORE)).map(({ verb, resource }) => `${verb} ${resource}`);
        for (const right of ["create secretstores", "patch externalsecrets", "delete externalsecrets"])
            assert.ok(rights.includes(right), right);
    });
});

describe("rotate", () => {
    it("leaves a Secret from a store to whoever keeps that, before anything is changed", async () => {
        const { settings } = await context(FROM_STORE);
        await assert.rejects(rotate({ settings } as System, "database"), {
            name: "OperatorError",
            message:
                "Secret bots-edidb-secret comes from a store (externalSecrets.databaseSecret), which would take a change back: " +
                "rotate there, and the pods that read it follow by themselves",
        });
    });
});
