import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { run } from "../operations/exec";

/** A file that is mounted while an image is built, and is no part of it: its id in the Containerfile, and its content. */
export interface BuildSecret {
    id: "apt-conf" | "pip-conf" | "ca-bundle";
    content: string;
}

/** Where the Containerfile mounts the certificates. */
const caBundle = "/run/secrets/ca-bundle";

/** The options of pip that say where packages come from. */
const pipOptions = ["index-url", "extra-index-url", "trusted-host", "proxy", "default-timeout", "timeout", "cert"];

/** How this machine reaches the package registries, for the builds: its apt and pip settings and its certificates. */
export async function buildSecrets(environment: NodeJS.ProcessEnv = process.env): Promise<BuildSecret[]> {
    const files = [environment.PIP_CONFIG_FILE ?? "/etc/pip.conf", join(homedir(), ".config/pip/pip.conf")];
    const pip = pipSettings(
        files.filter((file) => existsSync(file)).map((file) => readFileSync(file, "utf8")),
        environment,
    );
    const secrets: BuildSecret[] = [{ id: "apt-conf", content: aptSettings(await run("apt-config", ["dump"])) }];
    const certificates = pip.get("cert") ?? environment.SSL_CERT_FILE;
    if (certificates !== undefined && existsSync(certificates)) {
        secrets.push({ id: "ca-bundle", content: readFileSync(certificates, "utf8") });
        pip.set("cert", caBundle);
    } else {
        pip.delete("cert");
    }
    const lines = [...pip].map(([option, value]) => `${option} = ${value}`);
    secrets.push({ id: "pip-conf", content: ["[global]", ...lines, ""].join("\n") });
    return secrets;
}

/** The lines of `apt-config dump` that say how packages are fetched; the others describe this machine. */
export function aptSettings(dump: string): string {
    const relevant = /^Acquire::(?:https?::(?:Proxy|Timeout)|Retries|Check-Valid-Until|Check-Date)\b/;
    return dump
        .split("\n")
        .filter((line) => relevant.test(line))
        .map((line) => `${line}\n`)
        .join("");
}

/** pip's options about registries, by name: from pip.conf files, a later one winning, and from PIP_*, which wins over all. */
export function pipSettings(files: string[], environment: NodeJS.ProcessEnv): Map<string, string> {
    const settings = new Map<string, string>();
    for (const line of files.join("\n").split("\n")) {
        const [, option, value] = /^([a-z-]+)\s*[=:]\s*(\S.*)$/.exec(line.trim()) ?? [];
        if (option !== undefined && value !== undefined && pipOptions.includes(option)) settings.set(option, value);
    }
    for (const option of pipOptions) {
        const value = environment[`PIP_${option.toUpperCase().replaceAll("-", "_")}`];
        if (value) settings.set(option, value);
    }
    return settings;
}
