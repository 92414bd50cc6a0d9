import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const docs = join(__dirname, "..", "..", "..", "docs");

describe("docs/checklist.md", () => {
    const rows = readFileSync(join(docs, "checklist.md"), "utf8")
        .split("\n")
        .filter((line) => line.startsWith("|"))
        .slice(2);

    it("has the fourteen lines of the specification", () => {
        assert.equal(rows.length, 14);
    });

    it("names tests that there are", () => {
        const links = [...rows.join("\n").matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)];
        assert.ok(links.length >= 14);
        for (const [, title = "", file = ""] of links) {
            assert.ok(readFileSync(join(docs, file), "utf8").includes(title), `${file} has no test "${title}"`);
        }
    });
});
