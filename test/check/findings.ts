/** What the checkers find in a file of manifests. */
import { spawnSync } from "node:child_process";
import { checkov, kubeScore } from "./tools";

/** One check of one object. */
export interface Finding {
    readonly tool: "checkov" | "kube-score";
    /** The checker's own id of the check. */
    readonly check: string;
    /** Kind and name, such as `Deployment/bots-webserver`. */
    readonly object: string;
    /** What the checker says. */
    readonly message: string;
}

/** What a checker did. */
export interface Report {
    /** How many checks an object passed. */
    readonly passed: number;
    readonly failed: readonly Finding[];
}

interface CheckovCheck {
    check_id: string;
    check_name: string;
    /** Kind, namespace and name, with dots between. */
    resource: string;
}
interface CheckovReport {
    summary: { passed: number; parsing_errors: number };
    results: { failed_checks: CheckovCheck[] };
}
interface KubeScoreObject {
    type_meta: { kind: string };
    object_meta: { name: string };
    checks: { check: { id: string }; grade: number; skipped: boolean; comments: { summary: string }[] | null }[];
}

/** kube-score's grade of what it calls critical. */
const CRITICAL = 1;

/** A checker that finds something exits with 1, so its answer tells whether it ran. */
function answer([command = "", ...start]: string[], args: string[]): unknown {
    const { stdout, stderr, error } = spawnSync(command, [...start, ...args], { encoding: "utf8", maxBuffer: 2 ** 26 });
    if (error) throw error;
    try {
        return JSON.parse(stdout);
    } catch {
        throw new Error(`${[command, ...start].join(" ")} gave no report: ${stderr || stdout}`);
    }
}

/** Runs checkov's checks of Kubernetes manifests. */
export function checkovReport(file: string): Report {
    const args = ["--framework", "kubernetes", "--compact", "--skip-download", "--output", "json", "--file", file];
    const { summary, results } = answer(checkov(), args) as CheckovReport;
    if (summary.parsing_errors > 0) throw new Error(`checkov cannot read ${file}`);
    const failed = results.failed_checks.map(({ check_id: check, check_name: message, resource }) => {
        const [kind = "", , ...name] = resource.split(".");
        return { tool: "checkov" as const, check, object: `${kind}/${name.join(".")}`, message };
    });
    return { passed: summary.passed, failed };
}

/** Runs kube-score; what it finds less than critical passes. */
export function kubeScoreReport(file: string): Report {
    const objects = answer(kubeScore(), ["score", "--output-format", "json", file]) as KubeScoreObject[];
    const checks = objects.flatMap(({ type_meta: { kind }, object_meta: { name }, checks }) =>
        checks.filter(({ skipped }) => !skipped).map((check) => ({ ...check, object: `${kind}/${name}` })),
    );
    const critical = checks.filter(({ grade }) => grade <= CRITICAL);
    const failed = critical.map(({ check, object, comments }) => ({
        tool: "kube-score" as const,
        check: check.id,
        object,
        message: [...new Set(comments?.map(({ summary }) => summary))].join("; "),
    }));
    return { passed: checks.length - critical.length, failed };
}
