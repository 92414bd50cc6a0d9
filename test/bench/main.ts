/** What the program costs, as ratios measured in one run. Exits with 1 where a limit is broken. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { stackConfig } from "../support/stack";
import { median, Usage } from "./usage";

const ROOT = join(__dirname, "..", "..");
const STACK = "prod";
const RUNS = 5;
const MOST = 1.3;
const MOST_GROWTH = 55;

/** Runs a program as Pulumi's language host does: TypeScript through ts-node, by the repository's tsconfig. */
function run(program: string, env: NodeJS.ProcessEnv): Usage {
    const child = ["-r", "ts-node/register", join(__dirname, "child.ts"), join(ROOT, program)];
    return JSON.parse(execFileSync(process.execPath, child, { cwd: ROOT, encoding: "utf8", env })) as Usage;
}

/** Runs the two by turns, so that what else the machine does falls on both. */
function compare(): Record<"cpu" | "memory", number> {
    const env = {
        ...process.env,
        PULUMI_NODEJS_PROJECT: "bots-edi",
        PULUMI_NODEJS_STACK: STACK,
        PULUMI_CONFIG: JSON.stringify(stackConfig(STACK)),
    };
    const { types } = run("index.ts", env);
    const bareEnv = { ...env, BENCH_TYPES: JSON.stringify(types) };
    const registered = run("test/bench/bare.ts", bareEnv).types.length;
    if (registered !== types.length) {
        throw new Error(`The bare program registers ${registered} resources, and the program ${types.length}.`);
    }
    const runs = Array.from(
        { length: RUNS },
        () => [run("index.ts", env), run("test/bench/bare.ts", bareEnv)] as const,
    );
    const ratio = (kind: "cpu" | "memory") =>
        median(runs.map(([program]) => program[kind])) / median(runs.map(([, bare]) => bare[kind]));
    return { cpu: ratio("cpu"), memory: ratio("memory") };
}

/** How many times the CPU of one deployment 50 take; each in a process of its own, since a program runs once. */
function growth(): number {
    const register = (deployments: number) => {
        const child = ["-r", "ts-node/register", join(__dirname, "growth.ts"), String(deployments)];
        return Number(execFileSync(process.execPath, child, { cwd: ROOT, encoding: "utf8" }));
    };
    const runs = Array.from({ length: RUNS }, () => [register(1), register(50)] as const);
    return median(runs.map(([, many]) => many)) / median(runs.map(([one]) => one));
}

function report(what: string, value: number, most: number): void {
    const broken = value > most;
    console.log(`${what}: ${value.toFixed(2)} times, at most ${most}${broken ? ": too much" : ""}`);
    if (broken) process.exitCode = 1;
}

function main(): void {
    const { cpu, memory } = compare();
    report(`CPU of loading and registering ${STACK}, against a bare program`, cpu, MOST);
    report("Peak memory of the same", memory, MOST);
    report("CPU of registering 50 deployments in one program, against one", growth(), MOST_GROWTH);
}

main();
