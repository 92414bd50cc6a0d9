import { strict as assert } from "node:assert";
import { homedir } from "node:os";
import { join } from "node:path";
import { cacheDir } from "../../../../sandbox/paths";

describe("cache folder", () => {
    it("is where BOTS_EDI_CACHE says, else below XDG_CACHE_HOME, else below ~/.cache", () => {
        assert.equal(cacheDir({ BOTS_EDI_CACHE: "/a", XDG_CACHE_HOME: "/b" }), "/a");
        assert.equal(cacheDir({ XDG_CACHE_HOME: "/b" }), "/b/bots-edi");
        assert.equal(cacheDir({}), join(homedir(), ".cache", "bots-edi"));
        assert.equal(cacheDir({ BOTS_EDI_CACHE: "", XDG_CACHE_HOME: "" }), join(homedir(), ".cache", "bots-edi"));
    });
});
