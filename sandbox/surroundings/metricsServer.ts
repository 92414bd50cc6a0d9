/** metrics-server: what pods and nodes use, for autoscalers and `kubectl top`. */
import { fill } from "../cluster/template";
import { imageOf, manifests, type Part, partModule } from "./part";

const upstream = partModule("metrics-server", {
    source: "sigs.k8s.io/metrics-server",
    commands: ["metrics-server"],
    variables: (version) => ({ "k8s.io/component-base/version.gitVersion": version }),
});

const image = () => imageOf(upstream, "metrics-server");

export const metricsServer: Part = {
    name: "metrics-server",
    modules: [upstream],
    images: () => [image()],
    manifests: () => fill(manifests("metrics-server"), { image: image().ref }),
};
