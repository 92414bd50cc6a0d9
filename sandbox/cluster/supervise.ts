import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import {
    closeSync,
    existsSync,
    mkdirSync,
    openSync,
    readdirSync,
    readFileSync,
    readlinkSync,
    renameSync,
    rmSync,
    statSync,
    writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { joinFiles, systemProcesses } from "./cgroups";
import type { Component } from "./components";
import { SandboxError } from "../errors";
import { layout } from "./layout";
import { identify, isRunning, readIdentity, type ProcessIdentity } from "./processIdentity";
import { signal } from "./signal";
import { waitUntil } from "../../operations/wait";

interface ProcessRecord extends ProcessIdentity {
    /** What the process was started from; a component with another key is out of date. */
    key: string;
}

/** Joins the sandbox's groups before it becomes the component, so that no child of it can be outside. */
const enterAndExec = 'while [ "$1" != -- ]; do echo $$ > "$1"; shift; done; shift; exec "$@"';

/**
 * Starts a component that does not run, or that runs with other arguments or configuration than it should.
 * Returns whether it started one.
 */
export async function start(component: Component): Promise<boolean> {
    const key = keyOf(component);
    await stopOutdated(component);
    const record = readRecord(component.name);
    if (record && isRunning(record)) return false;
    await endStrays(component);
    mkdirSync(layout.logs, { recursive: true });
    mkdirSync(layout.processes, { recursive: true });
    const log = logFile(component.name);
    if (existsSync(log)) renameSync(log, `${log}.old`);
    const output = openSync(log, "a");
    const child = spawn(
        "/bin/sh",
        ["-c", enterAndExec, "sh", ...joinFiles(), "--", component.command, ...component.args],
        {
            cwd: "/",
            detached: true,
            stdio: ["ignore", output, output],
            env: { PATH: [...component.path, process.env.PATH ?? ""].join(":"), HOME: "/root" },
        },
    );
    closeSync(output);
    await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (!identity) throw died(component.name);
    writeFileSync(recordFile(component.name), JSON.stringify({ ...identity, key } satisfies ProcessRecord));
    return true;
}

/** Stops a component that runs with other arguments or configuration than it should. */
export async function stopOutdated(component: Component): Promise<void> {
    const record = readRecord(component.name);
    if (record && isRunning(record) && record.key !== keyOf(component)) await stop(component.name, component.grace);
}

/** An `up` that was killed between starting a component and writing it down left one that nobody knows of. */
async function endStrays({ name, command }: Component): Promise<void> {
    const known = new Set(runningComponents().map(({ pid }) => pid));
    const strays = () => systemProcesses().filter((pid) => !known.has(pid) && programOf(pid) === command);
    for (const pid of strays()) signal(pid, "SIGKILL");
    await waitUntil(`an earlier ${name} to end`, () => strays().length === 0, { timeout: 10, interval: 50 });
}

function programOf(pid: number): string | undefined {
    try {
        return readlinkSync(`/proc/${pid}/exe`);
    } catch {
        return undefined;
    }
}

/** Ends a component: SIGTERM, and SIGKILL after `grace` seconds. Returns whether it ran. */
export async function stop(name: string, grace: number): Promise<boolean> {
    const record = readRecord(name);
    if (!record || !isRunning(record)) {
        rmSync(recordFile(name), { force: true });
        return false;
    }
    signal(record.pid, "SIGTERM");
    const ended = () => !isRunning(record);
    await waitUntil(`${name} to end`, ended, { timeout: grace, interval: 50 }).catch(() => {
        if (isRunning(record)) signal(record.pid, "SIGKILL");
        return waitUntil(`${name} to end after SIGKILL`, ended, { timeout: 10 });
    });
    rmSync(recordFile(name), { force: true });
    return true;
}

/** Fails, with the last words of the first component that does not run. */
export function requireRunning(...names: string[]): void {
    for (const name of names) {
        const record = readRecord(name);
        if (!record || !isRunning(record)) throw died(name);
    }
}

/** The components that were started and still run, by name and pid. */
export function runningComponents(): { name: string; pid: number }[] {
    if (!existsSync(layout.processes)) return [];
    return readdirSync(layout.processes)
        .map((file) => ({ name: basename(file, ".json"), record: readRecord(basename(file, ".json")) }))
        .flatMap(({ name, record }) => (record && isRunning(record) ? [{ name, pid: record.pid }] : []));
}

/** When a component's process was started. */
export function startedAt(name: string): Date {
    return statSync(recordFile(name)).mtime;
}

function logFile(name: string): string {
    return join(layout.logs, `${name}.log`);
}

/** The last lines of a component's log, on one line. */
function lastWords(name: string): string {
    if (!existsSync(logFile(name))) return "it wrote no log";
    return readFileSync(logFile(name), "utf8").trimEnd().split("\n").slice(-3).join(" | ");
}

function died(name: string): SandboxError {
    return new SandboxError(`${name} does not run; its log ${logFile(name)} ends with: ${lastWords(name)}`);
}

function readRecord(name: string): ProcessRecord | undefined {
    const identity = readIdentity(recordFile(name));
    if (!identity) return undefined;
    const { key } = JSON.parse(readFileSync(recordFile(name), "utf8")) as Partial<ProcessRecord>;
    return { ...identity, key: key ?? "" };
}

function recordFile(name: string): string {
    return join(layout.processes, `${name}.json`);
}

function keyOf({ command, args, files }: Component): string {
    const hash = createHash("sha256").update(JSON.stringify([command, args]));
    for (const file of files) hash.update(readFileSync(file));
    return hash.digest("hex");
}
