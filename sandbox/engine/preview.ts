import { type Change, diff, formatChanges } from "./diff";
import type { Registration } from "./registration";
import type { Registered } from "./server";
import { hiddenPaths, type Step } from "./step";
import { type JsonObject, revealObject, seal } from "./values";

/** Prints what a step would do, field by field. Returns what is known of the resource before it is done. */
export function preview(step: Step, next: Registration, print: (line: string) => void): Registered {
    const { urn, type, name } = next;
    const inputs = revealObject(next.inputs);
    const secrets = hiddenPaths(next);
    const show = (sign: string, changes: Change[]): void => {
        print(`${sign} ${type} ${name} (${step.action})`);
        for (const line of formatChanges(changes, secrets)) print(`    ${line}`);
    };
    const foreseen = (id: string, outputs: JsonObject): Registered => ({ urn, id, outputs: seal(outputs, secrets) });
    switch (step.action) {
        case "same":
            return { urn, id: step.old.id, outputs: step.old.outputs };
        case "create":
            show("+", diff({}, inputs));
            return foreseen("", step.foreseen ?? inputs);
        case "update":
            show("~", step.changes);
            return foreseen(step.old.id, step.foreseen);
        case "replace":
            show("+-", step.changes);
            return foreseen("", inputs);
    }
}
