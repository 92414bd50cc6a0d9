import { eachContainer } from "../deployedObject";
import type { Rule } from "../rule";

const NEEDED = (["requests", "limits"] as const).flatMap((group) =>
    ["cpu", "memory"].map((kind) => [group, kind] as const),
);

/** Room that the scheduler knows of, and a bound. */
export const requestsAndLimits: Rule = {
    name: "requests-and-limits",
    description: "Every container has requests and limits for CPU and memory.",
    faults: (object) =>
        eachContainer(object, ({ resources }) => {
            const missing = NEEDED.filter(([group, kind]) => resources?.[group]?.[kind] === undefined);
            return missing.length > 0 ? [`set resources ${missing.map((path) => path.join(".")).join(", ")}`] : [];
        }),
};
