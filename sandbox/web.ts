/** The web page of the sandbox on 127.0.0.1. */
import { requireRunning } from "./cluster/supervise";
import { waitUntil } from "../operations/wait";
import { NAMESPACE } from "./bots";
import { forward, type Forward } from "./forward";

/** The port of the page. */
export const WEB: Forward = {
    name: "web-proxy",
    port: 8080,
    namespace: NAMESPACE,
    service: "bots-webserver",
    servicePort: 8080,
};

/** Where the page is. */
export const URL = `http://127.0.0.1:${WEB.port}/`;

/** Serves the page, unless it is served. Returns whether it started to. */
export async function serveWeb(): Promise<boolean> {
    const isNew = await forward(WEB);
    await waitUntil(`${URL} to answer`, answers, { timeout: 30, interval: 200 });
    return isNew;
}

async function answers(): Promise<boolean> {
    requireRunning(WEB.name);
    return fetch(`${URL}health/live`).then(
        ({ ok }) => ok,
        () => false,
    );
}
