/** A small program with one resource of every way to change: made, updated in place, replaced, renamed, removed. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

const config = new pulumi.Config();
const word = config.require("word");
const namespace = config.require("namespace");

const provider = new k8s.Provider("cluster", { namespace, enableConfigMapMutable: true, enableSecretMutable: true });
const { result } = new random.RandomPassword("password", { length: 20, special: false, minNumeric: 4 });

const secret = new k8s.core.v1.Secret(
    "secret",
    { metadata: { name: "secret" }, stringData: { password: result } },
    { provider },
);
const updated = new k8s.core.v1.ConfigMap(
    "updated",
    { metadata: { name: "updated" }, data: { word } },
    { provider, dependsOn: secret },
);
const replaced = new k8s.core.v1.ConfigMap(
    "replaced",
    { metadata: { name: "replaced" }, data: { word } },
    { provider, dependsOn: updated, deleteBeforeReplace: true, replaceOnChanges: ["*"] },
);
new k8s.core.v1.ConfigMap(word, { metadata: { name: word } }, { provider, dependsOn: replaced });
new k8s.core.v1.ConfigMap("renamed", { metadata: { name: `renamed-${word}` } }, { provider });

// What keeps an update under way for as long as a test wants: a Service without pods is waited for.
if (config.getBoolean("held")) {
    new k8s.core.v1.Service(
        "held",
        { metadata: { name: "held" }, spec: { selector: { app: "none" }, ports: [{ port: 80 }] } },
        { provider, dependsOn: replaced },
    );
}
