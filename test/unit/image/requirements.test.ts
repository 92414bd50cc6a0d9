import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const image = join(__dirname, "../../../image/bots-edi");

describe("the image's Python packages", () => {
    for (const file of ["requirements.txt", "requirements-build.txt"]) {
        const requirements = readFileSync(join(image, file), "utf8")
            .replaceAll("\\\n", " ")
            .split("\n")
            .filter((line) => !/^\s*(?:#|$)/.test(line));

        it(`${file} pins every one to a version and by hash`, () => {
            assert.ok(requirements.length > 0);
            for (const line of requirements) assert.match(line, /^[a-z0-9-]+==\S+\s.*--hash=sha256:[0-9a-f]{64}/);
        });

        it(`${file} names no registry`, () => {
            assert.doesNotMatch(readFileSync(join(image, file), "utf8"), /:\/\/|--index-url|--find-links/);
        });
    }
});
