import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { BotsEdi } from "./components/botsEdi";
import { rightCluster } from "./rightCluster";
import { readSettings } from "./settings";

export = async () => {
    const settings = readSettings();

    const cluster = new kubernetes.Provider("cluster", {
        // Empty: looked up where the program runs. Left out, the path in KUBECONFIG would enter the state, for machines without it.
        kubeconfig: "",
        context: settings.kubeContext,
        clusterIdentifier: settings.clusterIdentifier ?? pulumi.getStack(),
        enableConfigMapMutable: true,
        enableSecretMutable: true,
    });
    await rightCluster(cluster, settings.clusterNamespace);

    const { namespace, image, url } = new BotsEdi("bots-edi", settings, { provider: cluster });
    return { namespace, image, url };
};
