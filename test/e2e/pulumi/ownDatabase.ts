/** The database that a stack of tests has in its cluster. */
import assert from "node:assert/strict";
import { type TestNamespace } from "../namespace";

/** The password that a Secret has for Bots' user. */
export async function passwordIn(namespace: TestNamespace, secret: string): Promise<string> {
    return Buffer.from(await namespace.value(`secret/${secret}`, ".data.DB_PASSWORD"), "base64").toString();
}

/** Runs a statement as Bots' user. Returns what it prints. */
export async function sql(namespace: TestNamespace, statement: string): Promise<string> {
    const client = ["sh", "-c", 'exec mariadb -u"$MARIADB_USER" -p"$0" "$MARIADB_DATABASE"'];
    const command = [...client, await passwordIn(namespace, "bots-edidb-secret")];
    const { code, stdout, stderr } = await namespace.tryKubectl(
        ["exec", "-i", "statefulset/bots-db", "--", ...command],
        statement,
    );
    assert.equal(code, 0, stderr);
    return stdout;
}
