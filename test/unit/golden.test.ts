import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { goldenFile, manifests } from "../golden/manifests";
import { STACKS } from "../support/stack";

describe("golden manifests", () => {
    for (const stack of STACKS) {
        it(`${stack} deploys what was reviewed (npm run golden writes it anew)`, async () => {
            assert.equal(await manifests(stack), readFileSync(goldenFile(stack), "utf8"));
        });
    }

    it("are the same for any tag but for the image, so that a bump is one line of a stack's file", async () => {
        const golden = await manifests("prod");
        const bumped = await manifests("prod", "9.9.9-next");
        assert.notEqual(bumped, golden);
        assert.equal(bumped.replaceAll("9.9.9-next", "IMAGE_TAG"), golden);
    });
});
