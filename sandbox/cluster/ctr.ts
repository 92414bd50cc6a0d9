import { join } from "node:path";
import { run } from "../../operations/exec";
import { layout } from "./layout";
import { packaged } from "./packages";

/** The namespace that the kubelet's containers and images live in; containerd's CRI plugin fixes the name. */
const namespace = "k8s.io";

/** Talks to the sandbox's own containerd. */
export function ctr(args: readonly string[]): Promise<string> {
    const own = ["--address", layout.containerdSocket, "--namespace", namespace];
    return run(join(packaged("usr/bin"), "ctr"), [...own, ...args]);
}
