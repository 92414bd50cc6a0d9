import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sandboxName } from "../paths";

const root = "/sys/fs/cgroup";

/** Everything of the sandbox is below this group, in every hierarchy. */
export const cgroupRoot = `/${sandboxName}`;

/** The group of the cluster's own processes; the kubelet makes the pods' groups beside it. */
const systemGroup = join(cgroupRoot, "system");

/** Makes the groups in every hierarchy of the machine, cgroup v1 and v2 alike. */
export function makeCgroups(): void {
    for (const hierarchy of hierarchies()) {
        // Beside v1 hierarchies the v2 one only tracks processes; alone it has to hand its controllers down.
        const isOnly = hierarchy === root;
        if (isOnly) delegateControllers(hierarchy);
        for (const group of [cgroupRoot, systemGroup]) {
            const path = join(hierarchy, group);
            mkdirSync(path, { recursive: true });
            // A new v1 cpuset has neither CPUs nor memory nodes and takes no process until it gets some.
            for (const file of ["cpuset.cpus", "cpuset.mems"]) inheritCpuset(hierarchy, path, file);
        }
        if (isOnly) delegateControllers(join(hierarchy, cgroupRoot));
    }
}

/** The files that a process writes its pid into to join the group of the cluster's own processes. */
export function joinFiles(): string[] {
    return hierarchies().map((hierarchy) => join(hierarchy, systemGroup, "cgroup.procs"));
}

/** Every process in the sandbox's groups: the cluster's own and those of its pods. */
export function processesInCgroups(): number[] {
    return processesIn(groups());
}

/** The cluster's own processes. */
export function systemProcesses(): number[] {
    return processesIn(groups().filter((group) => group.endsWith(systemGroup)));
}

function processesIn(folders: string[]): number[] {
    const pids = folders.flatMap((group) =>
        whileThere(() => readFileSync(join(group, "cgroup.procs"), "utf8").split("\n").filter(Boolean).map(Number)),
    );
    return [...new Set(pids)];
}

/** Removes the groups, deepest first. They must be empty of processes. */
export function removeCgroups(): void {
    for (const group of groups().reverse()) rmdirSync(group);
}

/** The sandbox's groups that exist now, parents before children. */
export function groups(): string[] {
    return hierarchies()
        .map((hierarchy) => join(hierarchy, cgroupRoot))
        .filter((path) => existsSync(path))
        .flatMap(descend);
}

function descend(group: string): string[] {
    const children = whileThere(() =>
        readdirSync(group, { withFileTypes: true }).filter((entry) => entry.isDirectory()),
    );
    return [group, ...children.flatMap((entry) => descend(join(group, entry.name)))];
}

/** What is read of a group; nothing where the group has gone meanwhile, as a pod's does with the pod. */
function whileThere<T>(read: () => T[]): T[] {
    try {
        return read();
    } catch (error) {
        if (["ENOENT", "ENODEV"].includes((error as NodeJS.ErrnoException).code ?? "")) return [];
        throw error;
    }
}

function hierarchies(): string[] {
    const mounts = readFileSync("/proc/self/mounts", "utf8")
        .split("\n")
        .map((line) => line.split(" "));
    return mounts
        .filter(([, path, type]) => (type === "cgroup" || type === "cgroup2") && path?.startsWith(root))
        .map(([, path]) => path ?? root);
}

function inheritCpuset(hierarchy: string, group: string, file: string): void {
    const own = join(group, file);
    // cgroup v2 inherits by itself and marks that with cgroup.controllers.
    if (!existsSync(own) || existsSync(join(group, "cgroup.controllers"))) return;
    if (readFileSync(own, "utf8").trim() !== "") return;
    writeFileSync(own, readFileSync(join(hierarchy, file), "utf8"));
}

/** The controllers that the root hands down to its groups, where cgroup v2 is alone; "" beside v1. */
export function controllers(): string {
    const file = join(root, "cgroup.subtree_control");
    return existsSync(file) ? readFileSync(file, "utf8").trim() : "";
}

/** Takes back what was handed down since. */
export function restoreControllers(before: string): void {
    const added = words(controllers()).filter((name) => !words(before).includes(name));
    for (const name of added) writeFileSync(join(root, "cgroup.subtree_control"), `-${name}`);
}

function delegateControllers(group: string): void {
    const available = words(readFileSync(join(group, "cgroup.controllers"), "utf8"));
    const handedDown = words(readFileSync(join(group, "cgroup.subtree_control"), "utf8"));
    for (const name of available.filter((each) => !handedDown.includes(each))) {
        writeFileSync(join(group, "cgroup.subtree_control"), `+${name}`);
    }
}

function words(text: string): string[] {
    return text.trim().split(" ").filter(Boolean);
}
