/** What runs keeps the traffic that it had: the stack's policies deny by default, and select pods that it did not make too. */
import { EVERY_POD } from "../../components/labels";
import { type System } from "../system";

const NAME = "bots-edi-adoption";

/** Lets pods that are not the stack's reach everything, and be reached. */
export async function open({ kubectl, settings }: System): Promise<void> {
    if (!settings.networkPolicy.enabled) return;
    const policy = {
        apiVersion: "networking.k8s.io/v1",
        kind: "NetworkPolicy",
        metadata: { name: NAME, namespace: settings.namespace },
        spec: {
            podSelector: {
                matchLabels: EVERY_POD,
                // The stack's own have this label.
                matchExpressions: [{ key: "app.kubernetes.io/part-of", operator: "DoesNotExist" }],
            },
            policyTypes: ["Ingress", "Egress"],
            ingress: [{}],
            egress: [{}],
        },
    };
    await kubectl.run(["apply", "-f", "-"], { input: JSON.stringify(policy) });
}

/** Takes that back. */
export async function close({ kubectl, settings }: System): Promise<void> {
    await kubectl.run(["delete", "networkpolicy", NAME, "-n", settings.namespace, "--ignore-not-found"]);
}
