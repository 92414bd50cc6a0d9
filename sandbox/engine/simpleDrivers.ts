import { randomUUID } from "node:crypto";

import { diff } from "./diff";
import type { Driver, Made } from "./driver";
import { drawPassword } from "./random";
import { revealObject } from "./values";

const nothingOutside = {
    collides: () => true,
    settle: ({ outputs }: Made) => Promise.resolve(outputs),
    exists: () => Promise.resolve(true),
    remove: () => Promise.resolve(),
};

/** Provider resources: options that the Kubernetes driver reads. */
export const providerDriver: Driver = {
    ...nothingOutside,
    needsReplacement: () => false,
    foresee: (next) => Promise.resolve(revealObject(next.inputs)),
    compare: (old, next) => {
        const outputs = revealObject(next.inputs);
        return Promise.resolve({ can: "update", changes: diff(revealObject(old.inputs), outputs), outputs });
    },
    create: (next) => Promise.resolve({ id: randomUUID(), outputs: revealObject(next.inputs) }),
    update: (old, next) => Promise.resolve({ id: old.id, outputs: revealObject(next.inputs) }),
};

/** Random passwords: drawn once, kept in the state; any change of the inputs draws a new one, as the real provider does. */
export const passwordDriver: Driver = {
    ...nothingOutside,
    needsReplacement: () => true,
    foresee: (next) => Promise.resolve(revealObject(next.inputs)),
    compare: () => Promise.resolve({ can: "replace" }),
    create: async (next) => Promise.resolve(drawPassword(revealObject(next.inputs))),
    update: () => Promise.reject(new Error("a random value is replaced, never updated")),
};
