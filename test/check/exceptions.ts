/** The findings that stand: test/check/exceptions.yaml. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Finding } from "./findings";

const exceptionsSchema = z.array(
    z.strictObject({
        tool: z.enum(["checkov", "kube-score"]),
        check: z.string(),
        objects: z.array(z.string()).min(1),
        reason: z.string().min(20),
    }),
);

/** One check of one object that may fail. */
export type Exception = Pick<Finding, "tool" | "check" | "object">;

/** What the file lists, an entry an object. */
export function readExceptions(): Exception[] {
    const entries = exceptionsSchema.parse(parse(readFileSync(join(__dirname, "exceptions.yaml"), "utf8")));
    return entries.flatMap(({ tool, check, objects }) => objects.map((object) => ({ tool, check, object })));
}

function same(one: Exception, other: Exception): boolean {
    return one.tool === other.tool && one.check === other.check && one.object === other.object;
}

/** Findings that are not listed, and what is listed though nothing is found. */
export function compare(findings: readonly Finding[], listed: readonly Exception[]) {
    return {
        unlisted: findings.filter((finding) => !listed.some((exception) => same(exception, finding))),
        stale: listed.filter((exception) => !findings.some((finding) => same(finding, exception))),
    };
}
