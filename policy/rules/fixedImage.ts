import { eachContainer } from "../deployedObject";
import type { Rule } from "../rule";

/** Whether a reference names the same image tomorrow: by digest, or by a tag that is not `latest`. */
function isFixed(image: string): boolean {
    if (image.includes("@")) return /@sha256:[0-9a-f]{64}$/.test(image);
    // A colon before the last slash is a registry's port.
    const tag = /:(\w[\w.-]{0,127})$/.exec(image.slice(image.lastIndexOf("/") + 1))?.[1];
    return tag !== undefined && tag !== "latest";
}

/** Images that stay what they are. */
export const fixedImage: Rule = {
    name: "fixed-image",
    description: "Every container runs an image with a fixed tag or a digest.",
    faults: (object) =>
        eachContainer(object, ({ image = "" }) =>
            isFixed(image) ? [] : [`image "${image}" may change; give it a tag other than latest, or a digest`],
        ),
};
