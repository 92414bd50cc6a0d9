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
        const { spec } = find(await system(), "CronJob", "bots-config-backup").inputs;
        [container] = spec.jobTemplate.spec.template.spec.initContainers;
    });
    const script = () => container.command[2] as string;
    /** The pods that need the database, by component. */
    const pods = async (): Promise<[string, Manifest][]> => {
        const made = await system();
        const spec = (kind: string, name: string) => find(made, kind, name).inputs.spec;
        return [
            ["webserver", spec("Deployment", "bots-webserver").template.spec],
            ["jobqueue", spec("Deployment", "bots-jobqueue").template.spec],
            ["engine", spec("CronJob", "bots-engine").jobTemplate.spec.template.spec],
            ["backup", spec("CronJob", "bots-config-backup").jobTemplate.spec.template.spec],
        ];
    };

    it("comes before whatever needs the database, with its image, and with resources of its own", async () => {
        for (const [, { initContainers, containers }] of await pods()) {
            const [first] = initContainers;
            assert.equal(first.name, "wait-for-database");
            assert.equal(first.image, containers[0].image);
            assert.equal(first.resources.limits.memory, "256Mi");
            assert.deepEqual(first.securityContext, containers[0].securityContext);
        }
    });

    it("waits for the migrations of its own image before a service, and not before what needs none", async () => {
        for (const [component, { initContainers, containers }] of await pods()) {
            const [{ command, env, envFrom, volumeMounts }] = initContainers;
            const isService = component !== "backup";
            assert.equal(/\nexec python \/config\/migrations\.py 600\n$/.test(command[2]), isService, component);
            if (isService) {
                // settings.py asks for all that the service has; mounts inside the data volume are db-init's to make.
                assert.deepEqual(env, containers[0].env.slice(0, env.length));
                assert.deepEqual(envFrom, containers[0].envFrom);
                const paths = volumeMounts.map(({ mountPath }: Manifest) => mountPath as string);
                assert.deepEqual(paths, ["/home/bots/.bots", "/config", "/tmp"]);
            } else {
                assert.deepEqual(
                    env.map(({ name }: Manifest) => name as string),
                    ["DB_HOST", "DB_PORT"],
                );
            }
        }
    });

    it("hid why db-init's pod failed, of which Pulumi tells no init container: that waits by itself", async () => {
        const { spec } = find(await system(), "Job", "bots-db-init").inputs.spec.template;
        const [, ...others] = spec.initContainers.map(({ name }: Manifest) => name as string);
        assert.deepEqual([spec.initContainers[0].name, others], ["database-client", []]);
        assert.ok(spec.containers[0].command[2].includes(script()));
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
