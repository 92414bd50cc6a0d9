import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { BotsEdi } from "./components/botsEdi";
import { isInitAtWork } from "./initAtWork";
import { rightCluster } from "./rightCluster";
import { readSettings } from "./settings";

// The SDK takes a stack for each of its promises: source maps make its ten frames an eighth of a command's time.
Error.stackTraceLimit = 1;

// Outside of the function, in which an error would take the SDK half a minute to tell.
const settings = readSettings();

export = async () => {
    const cluster = new kubernetes.Provider("cluster", {
        // Empty: looked up where the program runs. Left out, the path in KUBECONFIG would enter the state, for machines without it.
        kubeconfig: "",
        context: settings.kubeContext,
        clusterIdentifier: settings.clusterIdentifier ?? pulumi.getStack(),
        enableConfigMapMutable: true,
        enableSecretMutable: true,
    });
    const [atWork] = await Promise.all([isInitAtWork(settings), rightCluster(cluster, settings.clusterNamespace)]);

    const args = { ...settings, isInitAtWork: atWork };
    const { namespace, image, url } = new BotsEdi("bots-edi", args, { provider: cluster });
    return { namespace, image, url };
};
