/** The memory that an engine needs: Bots holds a file, its message tree and what comes of it in memory at once. */
import { quantityValue } from "../formats";
import { iniValue, IniOverrides } from "./botsIni";
import type { Checked } from "./schema";

/** MiB for each MB of an incoming file. Measured: 80 to 82, on Bots 3.3.1 and Bots 4, with orders of 1 to 4.9 MB. */
const PER_MB = 90;

/** MiB beside it. Measured: 50 each for an engine, one that waits for it, the job queue, and a health check's process. */
const BESIDE = 200;

/** The groups of settings whose containers run engines. */
export const RUN_ENGINES = ["jobqueue", "engine"] as const;

/** Bytes of the largest incoming file that Bots translates. */
export function largestFile(overrides: IniOverrides): number {
    return Number(iniValue(overrides, "settings", "maxfilesizeincoming"));
}

/** The least memory, as a Kubernetes quantity, of a container that runs engines. */
export function leastMemory(overrides: IniOverrides): string {
    return `${Math.ceil((PER_MB * largestFile(overrides)) / 1e6 + BESIDE)}Mi`;
}

/** Whether a quantity of memory is less than another. */
export function isLess(memory: string, other: string): boolean {
    return (quantityValue(memory) ?? 0) < (quantityValue(other) ?? 0);
}

/** The settings, with more memory than the default where the largest file needs it and the stack does not say how much. */
export function withEngineMemory(settings: Checked, isGiven: (key: string) => boolean): Checked {
    const least = leastMemory(settings.botsIni);
    const enough = <Group extends { resources: Checked["engine"]["resources"] }>(key: string, group: Group): Group => {
        const { requests, limits } = group.resources;
        if (isGiven(`${key}.resources.limits.memory`) || !isLess(limits.memory, least)) return group;
        return { ...group, resources: { requests, limits: { ...limits, memory: least } } };
    };
    return {
        ...settings,
        jobqueue: enough("jobqueue", settings.jobqueue),
        engine: enough("engine", settings.engine),
    };
}
