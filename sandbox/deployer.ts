import { join } from "node:path";

/** The stack that the sandbox deploys: its configuration is Pulumi.sandbox.yaml. */
export const STACK = "sandbox";

/** The folder of the program. */
export const PROGRAM = join(__dirname, "..");

/** What an update did, or would do: numbers of resources. */
export interface Counts {
    readonly changed: number;
    readonly same: number;
}

/** Deploys the program. Progress goes to standard output; every method throws what went wrong. */
export interface Deployer {
    /** What deploys, as a person would call it. */
    readonly name: string;
    preview(): Promise<Counts>;
    up(): Promise<Counts>;
    destroy(): Promise<void>;
}

/** How the program is deployed. */
export interface DeployerOptions {
    /** Settings that win over the stack's own. */
    readonly config: Readonly<Record<string, string>>;
    /** Ends the update; what is done is kept. Its reason is the name of the signal that asked for it. */
    readonly signal: AbortSignal;
}

/** What the program consists of, beside Pulumi.yaml and the stacks' files: what a project folder of its own has to hold. */
export const PROGRAM_PARTS = [
    "index.ts",
    "settings.ts",
    "formats.ts",
    "components",
    "config",
    "package.json",
    "tsconfig.json",
    "node_modules",
];
