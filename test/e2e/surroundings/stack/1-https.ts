/** The way in from outside: the stack's own Ingress, answered by Traefik over HTTPS. */
import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { parseAllDocuments } from "yaml";
import { run } from "../../../../operations/exec";
import { ADMIN, adminPassword } from "../../../../sandbox/admin";
import { inWebserver, NAMESPACE } from "../../../../sandbox/bots";
import { checkout } from "../../../../sandbox/paths";
import { HOST, PORTS } from "../../../../sandbox/surroundings/traefik";
import { TestNamespace } from "../../namespace";
import { ask, type Browser, clickHome, inPage, openBrowser, ORIGIN } from "../https";

const INGRESS = "ingress/bots-edi-ingress";
const edi = new TestNamespace(NAMESPACE);

interface Manifest {
    readonly kind?: string;
    readonly metadata: { readonly annotations?: Record<string, string> };
    readonly spec: { readonly ingressClassName: string };
}

/** How a form is sent that was taken from the login page. */
async function postLogin(headers: Record<string, string>, withToken = true): Promise<number> {
    const page = await ask();
    const token = /name=["']csrfmiddlewaretoken["'] value=["']([^"']+)/.exec(page.text)?.[1] ?? "";
    const form = new URLSearchParams({ username: ADMIN, password: adminPassword() });
    if (withToken) form.set("csrfmiddlewaretoken", token);
    const cookie = page.cookies.map((line) => line.split(";")[0]).join("; ");
    return (await ask({ headers: { cookie, ...headers }, form })).status;
}

/** Makes a plugin with a file of so many bytes that do not compress. */
async function makePlugin(file: string, bytes: number): Promise<void> {
    const script = `
import os, sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as plugin:
    plugin.writestr("botsindex.py", "plugins = []\\n")
    plugin.writestr("botssys/large-plugin/part.bin", os.urandom(int(sys.argv[2])))
`;
    await run("python3", ["-c", script, file, `${bytes}`]);
}

describe("the pages by HTTPS", () => {
    it("are those of an Ingress with the class and annotations of prod's, which carries the controller's address", async () => {
        const text = readFileSync(join(checkout, "test/golden/prod.yaml"), "utf8");
        const golden = parseAllDocuments(text)
            .map((document) => document.toJS() as Manifest)
            .find(({ kind }) => kind === "Ingress");
        assert.ok(golden);
        const { metadata, spec } = await edi.get<Manifest>(INGRESS);
        assert.deepEqual(metadata.annotations, golden.metadata.annotations);
        assert.equal(spec.ingressClassName, golden.spec.ingressClassName);
        // The update has waited for it: ingress.skipAwait is false here.
        assert.equal(await edi.value(INGRESS, ".status.loadBalancer.ingress[0].ip"), "127.0.0.1");
    });

    it("come with a certificate of the sandbox's authority, for their host alone", async () => {
        const { status, cookies } = await ask();
        assert.equal(status, 200);
        assert.ok(cookies.length > 0);
        for (const cookie of cookies) assert.match(cookie, /; Secure/);
        await assert.rejects(ask({ ca: Buffer.from(rootCertificates.join("\n")) }), {
            code: /UNABLE_TO_VERIFY|SELF_SIGNED/,
        });
        await assert.rejects(ask({ host: "other.localhost" }));
    });

    it("are not served to another host, nor by plain HTTP", async () => {
        assert.equal((await ask({ headers: { host: "other.localhost" } })).status, 404);
        const headers = { host: HOST };
        assert.equal((await fetch(`http://127.0.0.1:${PORTS.web}/login/`, { headers })).status, 404);
    });

    it("take a form from their own pages, and none of another origin or without its token", async () => {
        assert.equal(await postLogin({ origin: ORIGIN, referer: `${ORIGIN}/login/` }), 302);
        const elsewhere = "https://elsewhere.example";
        assert.equal(await postLogin({ origin: elsewhere, referer: `${elsewhere}/` }), 403);
        assert.equal(await postLogin({ referer: ORIGIN.replace("https:", "http:") }), 403);
        assert.equal(await postLogin({ origin: ORIGIN, referer: `${ORIGIN}/login/` }, false), 403);
    });

    describe("in a browser", () => {
        const plugin = join(tmpdir(), `bots-edi-plugin-${process.pid}.zip`);
        let browser: Browser;

        before(async () => {
            browser = await openBrowser({ knowsAuthority: true });
        });
        after(async () => {
            await browser.close();
            rmSync(plugin, { force: true });
            await inWebserver(["rm", "-rf", "/home/bots/.bots/env/default/botssys/large-plugin"]);
        });

        it("are refused where it does not know the authority", async () => {
            const stranger = await openBrowser({ knowsAuthority: false });
            try {
                await assert.rejects(
                    inPage(stranger, (page) => page.goto(`${ORIGIN}/login/`)),
                    /ERR_CERT_AUTHORITY_INVALID/,
                );
            } finally {
                await stranger.close();
            }
        });

        it("log a person in, with cookies that go by HTTPS alone", async () => {
            await inPage(browser, async (page) => {
                const answer = await page.goto(`${ORIGIN}/login/`);
                assert.equal((await answer?.securityDetails())?.issuer, "bots-edi-sandbox-web-ca");
                await page.getByLabel("Username:").fill(ADMIN);
                await page.getByLabel("Password:").fill(adminPassword());
                await clickHome(page, "Log in");
            });
            const cookies = await browser.context.cookies();
            assert.ok(
                cookies.some(({ name }) => name.startsWith("bots_sessionid")),
                JSON.stringify(cookies),
            );
            assert.deepEqual(
                cookies.filter(({ secure }) => !secure),
                [],
            );
        });

        it("take a plugin of 20 MB", async () => {
            await makePlugin(plugin, 20_000_000);
            const line = await inPage(browser, async (page) => {
                await page.goto(`${ORIGIN}/plugin`);
                await page.locator("input[type=file]").setInputFiles(plugin);
                await clickHome(page, "Read");
                return page.locator(".messagelist").innerText();
            });
            assert.match(line, /is read successful/);
            const size = await inWebserver([
                "stat",
                "-c",
                "%s",
                "/home/bots/.bots/env/default/botssys/large-plugin/part.bin",
            ]);
            assert.equal(size.trim(), "20000000");
        });
    });
});
