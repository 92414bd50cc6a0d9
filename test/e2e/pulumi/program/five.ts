/** Five ConfigMaps. */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";

const provider = new k8s.Provider("cluster", { namespace: new pulumi.Config().require("namespace") });
for (let number = 1; number <= 5; number++) {
    new k8s.core.v1.ConfigMap(
        `map-${number}`,
        { metadata: { name: `map-${number}` }, data: { key: "value" } },
        { provider },
    );
}
