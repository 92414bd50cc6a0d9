/** Requests to the pages by HTTPS, held against the sandbox's authority, and a browser that knows it. */
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { type IncomingMessage } from "node:http";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "playwright-core";
import { providePackages } from "../../../sandbox/cluster/packages";
import { run } from "../../../operations/exec";
import { AUTHORITY, HOST, PORTS } from "../../../sandbox/surroundings/traefik";

/** Where the pages are. */
export const ORIGIN = `https://${HOST}:${PORTS.websecure}`;

/** A request; without more, for the login page, by who knows the authority. */
export interface Ask {
    readonly path?: string;
    /** The name that is asked for, in the handshake and in the request. */
    readonly host?: string;
    /** Certificates of authorities that are known. */
    readonly ca?: Buffer;
    readonly headers?: Record<string, string>;
    /** Is posted. */
    readonly form?: URLSearchParams;
}

/** What was answered. */
export interface Answer {
    readonly status: number;
    readonly cookies: readonly string[];
    readonly text: string;
}

/** Asks; fails where the certificate does not hold. */
export async function ask(what: Ask = {}): Promise<Answer> {
    const { path = "/login/", host = HOST, ca = readFileSync(AUTHORITY), headers = {}, form } = what;
    const asking = request({
        host: "127.0.0.1",
        port: PORTS.websecure,
        servername: host,
        ca,
        path,
        method: form ? "POST" : "GET",
        headers: {
            host: `${host}:${PORTS.websecure}`,
            ...(form && { "content-type": "application/x-www-form-urlencoded" }),
            ...headers,
        },
        agent: false,
    });
    asking.end(form?.toString());
    const [response] = (await once(asking, "response")) as [IncomingMessage];
    let text = "";
    for await (const chunk of response.setEncoding("utf8")) text += chunk as string;
    return { status: response.statusCode ?? 0, cookies: response.headers["set-cookie"] ?? [], text };
}

/** A browser with a home of its own. */
export interface Browser {
    readonly context: BrowserContext;
    /** Ends it and takes its home away. */
    close(): Promise<void>;
}

/** Opens a browser whose store of certificates holds the authority, or not. */
export async function openBrowser(options: { readonly knowsAuthority: boolean }): Promise<Browser> {
    await providePackages(["chromium", "libnss3-tools"]);
    const home = mkdtempSync(join(tmpdir(), "bots-edi-browser-"));
    const store = join(home, ".pki", "nssdb");
    mkdirSync(store, { recursive: true });
    await run("certutil", ["-N", "-d", `sql:${store}`, "--empty-password"]);
    if (options.knowsAuthority) {
        await run("certutil", ["-A", "-d", `sql:${store}`, "-n", "sandbox", "-t", "C,,", "-i", AUTHORITY]);
    }
    const context = await chromium.launchPersistentContext(join(home, "profile"), {
        executablePath: "/usr/bin/chromium",
        env: { ...process.env, HOME: home },
    });
    return {
        context,
        async close() {
            await context.close();
            // Its last processes may still write there.
            await rm(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
        },
    };
}

/**
 * Acts in a page of its own; again in a new one where an interface came to the machine, as one does with each pod of
 * other suites: Chromium gives its connections up then. Fails with anything else, and the twentieth time.
 */
export async function inPage<T>({ context }: Browser, act: (page: Page) => Promise<T>): Promise<T> {
    for (let left = 19; ; left -= 1) {
        const page = await context.newPage();
        try {
            return await act(page);
        } catch (error) {
            if (left === 0 || !String(error).includes("net::ERR_NETWORK_CHANGED")) throw error;
        } finally {
            await page.close();
        }
    }
}

/** Clicks on what leads to the start page, and waits for it; watched from before the click, which ends after a failure. */
export async function clickHome(page: Page, name: string): Promise<void> {
    await Promise.all([page.waitForURL(`${ORIGIN}/home`), page.getByRole("button", { name, exact: true }).click()]);
}
