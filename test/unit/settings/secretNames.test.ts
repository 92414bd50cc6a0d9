import assert from "node:assert/strict";
import { noPlainSecrets } from "../../../policy/rules/noPlainSecrets";
import { parseSettings } from "../../../settings";

/** Whether the settings refuse a variable in plain `env`. */
function isRefused(name: string, value: string): boolean {
    try {
        parseSettings({ imageTag: "4.0", env: { [name]: value } });
        return false;
    } catch {
        return true;
    }
}

/** Whether the policy refuses it in a ConfigMap. */
function isViolation(name: string, value: string): boolean {
    const props = { metadata: { name: "env" }, data: { [name]: value } };
    const object = { type: "kubernetes:core/v1:ConfigMap", props, protect: false, secretPaths: [] };
    return noPlainSecrets.faults(object).length > 0;
}

describe("names of secrets", () => {
    const secret: [string, string][] = [
        ["GPG_PASSPHRASE", "x"],
        ["API_TOKEN", "x"],
        ["AWS_SECRET_ACCESS_KEY", "x"],
        ["FTP_PASS", "x"],
        ["SSH_PRIVATEKEY", "x"],
        ["PIN_PASSWORD", "1234"],
        ["SOMETHING", "-----BEGIN OPENSSH PRIVATE KEY-----\nx"],
        ["BROKER", "amqps://bots:hunter2@mq.example.com/"],
    ];
    const plain: [string, string][] = [
        ["PASSWORD_FILE", "/run/secrets/x"],
        ["TOKEN_URL", "https://login.example.com/token"],
        ["USE_TOKEN", "true"],
        ["BROKER", "amqps://mq.example.com/"],
        ["PASSENGERS", "4"],
    ];
    for (const [name, value] of secret) {
        it(`two lists decided differently: ${name} is secret for the settings and the policy`, () => {
            assert.deepEqual([isRefused(name, value), isViolation(name, value)], [true, true]);
        });
    }
    for (const [name, value] of plain) {
        it(`two lists decided differently: ${name}=${value} is plain for the settings and the policy`, () => {
            assert.deepEqual([isRefused(name, value), isViolation(name, value)], [false, false]);
        });
    }
});
