import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { find, Manifest, system } from "../../support/find";

/** Runs the script against a port, `elapsed` seconds after its start. */
async function wait(script: string, host: string, port: number, elapsed = 0) {
    const child = spawn("/bin/bash", ["-c", `SECONDS=${elapsed}; ${script}`], {
        env: { PATH: process.env.PATH, DB_HOST: host, DB_PORT: String(port) },
        stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
        stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, "close")) as [number | null];
    return { code, output };
}

describe("wait-for-database", () => {
    let container: Manifest;
    before(async () => {
        const { spec } = find(await system(), "Job", "bots-db-init").inputs;
        [container] = spec.template.spec.initContainers;
    });
    const script = () => container.command[2] as string;

    it("comes before what runs to an end, with its image and its resources", async () => {
        const made = await system();
        const engine = find(made, "CronJob", "bots-engine").inputs.spec.jobTemplate.spec.template.spec;
        const init = find(made, "Job", "bots-db-init").inputs.spec.template.spec;
        const backup = find(made, "CronJob", "bots-config-backup").inputs.spec.jobTemplate.spec.template.spec;
        for (const { initContainers, containers } of [engine, init, backup]) {
            const [first] = initContainers;
            assert.equal(first.name, "wait-for-database");
            assert.equal(first.image, containers[0].image);
            assert.deepEqual(first.resources, containers[0].resources);
            assert.deepEqual(first.securityContext, containers[0].securityContext);
            assert.deepEqual(
                first.env.map(({ name }: Manifest) => name as string),
                ["DB_HOST", "DB_PORT"],
            );
        }
    });

    it("ends once the port can be reached", async () => {
        const server = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        const reached = await wait(script(), "127.0.0.1", port).finally(() => server.close());
        assert.deepEqual(reached, { code: 0, output: "" });
        const refused = { code: 0, output: `no connection to 127.0.0.1:${port} within 20 s\n` };
        assert.deepEqual(await wait(script(), "127.0.0.1", port, 19), refused);
    });

    it("DNS that is not reached was reported as a database that is not: it fails, and names networkPolicy.dns", async () => {
        const { code, output } = await wait(script(), "nowhere.invalid", 3306, 19);
        assert.equal(code, 1);
        assert.match(output, /^DNS does not resolve nowhere\.invalid: networkPolicy\.dns says where .*$/m);
    });

    it("has nothing to wait for where the database is a file", async () => {
        assert.deepEqual(await wait(script(), "", 0), { code: 0, output: "" });
    });
});
