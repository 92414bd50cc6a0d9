import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { type Forward, requirePort } from "../../../sandbox/forward";

describe("a port of 127.0.0.1", () => {
    const forward = (port: number): Forward => ({
        name: "no-such-process",
        port,
        namespace: "default",
        service: "none",
        servicePort: 80,
    });

    it("that somebody else has is named in one line, and taken once it is free", async () => {
        const server = createServer().listen(0, "127.0.0.1");
        await once(server, "listening");
        const { port } = server.address() as AddressInfo;
        await assert.rejects(requirePort(forward(port)), {
            name: "SandboxError",
            message: `port ${port} of 127.0.0.1 is in use; stop what listens there and run again`,
        });
        server.close();
        await once(server, "close");
        await requirePort(forward(port));
    });
});
