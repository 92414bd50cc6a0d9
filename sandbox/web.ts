/** The web page of the sandbox on 127.0.0.1. */
import { createServer } from "node:net";
import { join } from "node:path";
import { SandboxError } from "./errors";
import { kubectl } from "./cluster/kubectl";
import { requireRunning, runningComponents, start, stop } from "./cluster/supervise";
import { waitUntil } from "../operations/wait";
import { NAMESPACE } from "./bots";

const PORT = 8080;
const PROXY = "web-proxy";

/** Seconds between SIGTERM and SIGKILL. */
const GRACE = 2;

/** Where the page is. */
export const URL = `http://127.0.0.1:${PORT}/`;

/** Whether the page is served. */
export function isServed(): boolean {
    return runningComponents().some(({ name }) => name === PROXY);
}

/** Fails where somebody else has the port. */
export async function requirePort(): Promise<void> {
    if (isServed()) return;
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
        server.once("error", (error: NodeJS.ErrnoException) => {
            const inUse = error.code === "EADDRINUSE";
            reject(
                inUse
                    ? new SandboxError(`port ${PORT} of 127.0.0.1 is in use; stop what listens there and run again`)
                    : error,
            );
        });
        server.listen(PORT, "127.0.0.1", resolve);
    });
    await new Promise((resolve) => server.close(resolve));
}

/** Serves the page, unless it is served. Returns whether it started to. */
export async function serveWeb(): Promise<boolean> {
    const service = ["get", "service", "bots-webserver", "-n", NAMESPACE, "-o", "jsonpath={.spec.clusterIP}"];
    const address = await kubectl(service);
    const isNew = await start({
        name: PROXY,
        command: process.execPath,
        args: [join(__dirname, "webProxy.mjs"), `${PORT}`, address, `${PORT}`],
        files: [],
        path: [],
        grace: GRACE,
    });
    await waitUntil(`${URL} to answer`, answers, { timeout: 30, interval: 200 });
    return isNew;
}

async function answers(): Promise<boolean> {
    requireRunning(PROXY);
    return fetch(`${URL}health/live`).then(
        ({ ok }) => ok,
        () => false,
    );
}

/** Stops serving the page: there is nothing behind it. */
export async function stopWeb(): Promise<void> {
    await stop(PROXY, GRACE);
}
