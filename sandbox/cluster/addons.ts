import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { images } from "./images";
import { kubectl } from "./kubectl";
import { layout } from "./layout";
import { clusterDomain, dnsAddress, storageClass } from "./settings";
import { fill } from "./template";

const folder = join(__dirname, "addons");

const values: Record<string, string> = {
    busyboxImage: images.busybox,
    clusterDomain,
    corednsImage: images.coredns,
    dnsAddress,
    provisionerImage: images.provisioner,
    storageClass,
    volumes: layout.volumes,
};

/** Applies what runs inside the cluster: access rules, DNS, the storage class and its provisioner. */
export async function applyAddons(): Promise<void> {
    // Server-side, so that an object that was edited by hand is taken back to what the file says.
    await kubectl(["apply", "--server-side", "--force-conflicts", "-f", "-"], { input: addonManifests() });
}

/** All add-ons as one stream of YAML documents with the cluster's names and addresses filled in. */
export function addonManifests(): string {
    const texts = readdirSync(folder)
        .sort()
        .map((file) => readFileSync(join(folder, file), "utf8"));
    return fill(texts.join("---\n"), values);
}
