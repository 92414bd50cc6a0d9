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
});
