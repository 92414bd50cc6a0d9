/** As many ConfigMaps as the stack says. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const config = new pulumi.Config();
const provider = new k8s.Provider("cluster", { namespace: config.require("namespace") });
for (let number = 1; number <= config.requireNumber("count"); number++) {
    new k8s.core.v1.ConfigMap(
        `map-${number}`,
        { metadata: { name: `map-${number}` }, data: { key: "value" } },
        { provider },
    );
}
