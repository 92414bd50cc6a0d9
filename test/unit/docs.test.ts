import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { FILE, reference } from "../docs/configuration";

/** The cells of a Markdown table, however its columns are padded. */
function cells(markdown: string): string[] {
    return markdown
        .split("\n")
        .map((line) => (line.startsWith("|") ? line.replace(/\s*\|\s*/g, "|").replace(/-+/g, "-") : line));
}

describe("docs/configuration.md", () => {
    it("lists every setting of the schema, and no other (npm run docs writes it anew)", () => {
        assert.deepEqual(cells(readFileSync(FILE, "utf8")), cells(reference()));
    });

    it("describes every setting", () => {
        const undescribed = reference()
            .split("\n")
            .filter((line) => line.endsWith("|  |"));
        assert.deepEqual(undescribed, []);
    });
});
