import { homedir } from "node:os";
import { join } from "node:path";

/** The one name that everything the sandbox makes on a host carries. */
export const sandboxName = "bots-edi-sandbox";

/** This checkout, whose program is deployed. */
export const checkout = join(__dirname, "..");

/** What survives `down` and a reboot: etcd's data, certificates, volumes, images. `purge` removes it. */
export const stateDir = `/var/lib/${sandboxName}`;

/** What a reboot may lose: sockets, process records, mounts of running containers. */
export const runDir = `/run/${sandboxName}`;

/** The administrator's kubeconfig of the sandbox cluster; ~/.kube/config is never touched. */
export const kubeconfigPath = join(stateDir, "kubeconfig");

/** What can be built again: binaries, images. `BOTS_EDI_CACHE` moves it; the default is bots-edi in the user's cache folder. */
export function cacheDir(environment: NodeJS.ProcessEnv = process.env): string {
    const { BOTS_EDI_CACHE: own, XDG_CACHE_HOME: xdg } = environment;
    if (own) return own;
    return join(xdg ? xdg : join(homedir(), ".cache"), "bots-edi");
}
