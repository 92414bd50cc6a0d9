/** The prod stack with a db-init Job that fails. Prints the types that were registered; a process, since it must end in error. */
import { setTimeout } from "node:timers/promises";
import { recordStack } from "./stack";

void recordStack(
    "prod",
    {},
    {
        beforeRegister: async (type) => {
            console.log(type);
            if (type !== "kubernetes:batch/v1:Job") return;
            // What does not wait for the Job has time to be registered.
            await setTimeout(500);
            throw new Error("db-init failed on purpose");
        },
    },
);
