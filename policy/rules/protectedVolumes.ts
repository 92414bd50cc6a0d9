import { kindOf, title } from "../deployedObject";
import type { Rule } from "../rule";

/** Volumes that no `destroy` takes away. */
export const protectedVolumes: Rule = {
    name: "protected-volumes",
    description: "Every PersistentVolumeClaim is protected.",
    faults: (object) =>
        kindOf(object) === "PersistentVolumeClaim" && !object.protect
            ? [`${title(object)} can be deleted with its data; set the resource option protect (setting protectData)`]
            : [],
};
