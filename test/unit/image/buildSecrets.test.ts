import assert from "node:assert/strict";
import { aptSettings, pipSettings } from "../../../image/buildSecrets";

describe("build secrets", () => {
    it("take from apt how packages are fetched, and nothing that describes the machine", () => {
        const dump = [
            'APT::Architecture "amd64";',
            'Acquire::http::Proxy "http://proxy.example:3128";',
            'Acquire::https::Proxy "DIRECT";',
            'Acquire::Check-Valid-Until "false";',
            'Acquire::Languages "none";',
            'Dir::State "var/lib/apt";',
        ].join("\n");
        assert.equal(
            aptSettings(dump),
            'Acquire::http::Proxy "http://proxy.example:3128";\n' +
                'Acquire::https::Proxy "DIRECT";\n' +
                'Acquire::Check-Valid-Until "false";\n',
        );
        assert.equal(aptSettings('APT::Architecture "amd64";'), "");
    });

    it("take pip's options about registries; a later file wins, and the environment over all", () => {
        const files = [
            "[global]\nindex-url = https://first.example/simple\ncert=/a.crt\nno-cache-dir = true\n",
            "[global]\n# index-url = https://comment.example/simple\nindex-url: https://second.example/simple\n",
        ];
        const found = pipSettings(files, { PIP_CERT: "/b.crt", PIP_EXTRA_INDEX_URL: "", PIP_QUIET: "1" });
        assert.deepEqual(Object.fromEntries(found), { "index-url": "https://second.example/simple", cert: "/b.crt" });
    });

    it("are empty where the machine has no settings of its own", () => {
        assert.equal(pipSettings([], {}).size, 0);
    });
});
