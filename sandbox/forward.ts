/** Ports of 127.0.0.1 that lead to Services of the cluster, each kept by a small process. */
import { createServer } from "node:net";
import { join } from "node:path";
import { SandboxError } from "./errors";
import { kubectl } from "./cluster/kubectl";
import { runningComponents, start, stop } from "./cluster/supervise";

/** Seconds between SIGTERM and SIGKILL. */
const GRACE = 2;

/** A port of 127.0.0.1 and where it leads. */
export interface Forward {
    /** Name of the process. */
    readonly name: string;
    readonly port: number;
    readonly namespace: string;
    readonly service: string;
    readonly servicePort: number;
}

/** Whether the port is served by the process of this name. */
export function isForwarded({ name }: Forward): boolean {
    return runningComponents().some((running) => running.name === name);
}

/** Fails where somebody else has the port. */
export async function requirePort(forward: Forward): Promise<void> {
    if (isForwarded(forward)) return;
    const { port } = forward;
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) => {
            const inUse = error.code === "EADDRINUSE";
            reject(
                inUse
                    ? new SandboxError(`port ${port} of 127.0.0.1 is in use; stop what listens there and run again`)
                    : error,
            );
        });
        server.listen(port, "127.0.0.1", resolve);
    });
    await new Promise((resolve) => server.close(resolve));
}

/** Starts the process, unless it runs as it should. Returns whether it started one. */
export async function forward({ name, port, namespace, service, servicePort }: Forward): Promise<boolean> {
    const address = await kubectl(["get", "service", service, "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"]);
    return start({
        name,
        command: process.execPath,
        args: [join(__dirname, "forwarder.mjs"), `${port}`, address, `${servicePort}`],
        files: [],
        path: [],
        grace: GRACE,
    });
}

/** Ends the process: there is nothing behind it. */
export async function stopForward({ name }: Forward): Promise<void> {
    await stop(name, GRACE);
}
