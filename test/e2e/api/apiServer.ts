/** A Kubernetes API server of its own, with nothing behind it: what it takes is what counts here. */
import { ChildProcess, spawn, spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { existsSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { binaryPath } from "../../../sandbox/cluster/binaries";

const TOKEN = "test";
const START_SECONDS = 120;

/** Whether the programs are there: `npm run sandbox:cluster -- up` builds them. */
export const hasApiServer = (["etcd", "kube-apiserver", "kubectl"] as const).every((name) =>
    existsSync(binaryPath(name)),
);

/** A server that runs. */
export interface ApiServer {
    /** Runs kubectl against it. */
    kubectl(args: readonly string[], input?: string): { status: number | null; stdout: string; stderr: string };
    /** A kubeconfig for it. */
    readonly kubeconfig: string;
    /** Ends it, and removes all that it wrote. */
    stop(): Promise<void>;
}

async function freePort(): Promise<number> {
    const server = createServer();
    return new Promise((resolve, reject) => {
        server.once("error", reject).listen(0, "127.0.0.1", () => {
            const { port } = server.address() as { port: number };
            server.close(() => {
                resolve(port);
            });
        });
    });
}

async function ended(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exit;
}

/**
 * Starts the server, and etcd for it, on free ports of this machine.
 *
 * @throws Error where it is not ready within two minutes.
 */
export async function startApiServer(): Promise<ApiServer> {
    const folder = mkdtempSync(join(tmpdir(), "bots-edi-api-"));
    const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
    const children: ChildProcess[] = [];
    const start = (name: "etcd" | "kube-apiserver", flags: Readonly<Record<string, string>>) => {
        const log = openSync(join(folder, `${name}.log`), "w");
        const args = Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
        children.push(spawn(binaryPath(name), args, { stdio: ["ignore", log, log] }));
    };
    const { privateKey, publicKey } = generateKeyPairSync("rsa", {
        modulusLength: 2048,
        publicKeyEncoding: { type: "spki", format: "pem" },
        privateKeyEncoding: { type: "pkcs8", format: "pem" },
    });
    const file = (name: string, content: string) => {
        writeFileSync(join(folder, name), content, { mode: 0o600 });
        return join(folder, name);
    };
    start("etcd", {
        "data-dir": join(folder, "etcd"),
        "listen-client-urls": `http://127.0.0.1:${client}`,
        "advertise-client-urls": `http://127.0.0.1:${client}`,
        "listen-peer-urls": `http://127.0.0.1:${peer}`,
        "initial-advertise-peer-urls": `http://127.0.0.1:${peer}`,
        "initial-cluster": `default=http://127.0.0.1:${peer}`,
        "unsafe-no-fsync": "true",
    });
    start("kube-apiserver", {
        "etcd-servers": `http://127.0.0.1:${client}`,
        "bind-address": "127.0.0.1",
        // By itself it asks the default route, which a machine without a network has not.
        "advertise-address": "192.0.2.1",
        "secure-port": String(port),
        "cert-dir": join(folder, "certificates"),
        "service-cluster-ip-range": "10.0.0.0/24",
        "service-account-issuer": "https://localhost",
        "service-account-signing-key-file": file("key.pem", privateKey),
        "service-account-key-file": file("public.pem", publicKey),
        "token-auth-file": file("tokens.csv", `${TOKEN},test,test,"system:masters"\n`),
        "authorization-mode": "AlwaysAllow",
        "disable-admission-plugins": "ServiceAccount",
    });
    const access = [`--server=https://127.0.0.1:${port}`, `--token=${TOKEN}`, "--insecure-skip-tls-verify"];
    const context = { cluster: "test", user: "test" };
    const kubeconfig = {
        apiVersion: "v1",
        kind: "Config",
        "current-context": "test",
        contexts: [{ name: "test", context }],
        clusters: [
            { name: "test", cluster: { server: `https://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
        ],
        users: [{ name: "test", user: { token: TOKEN } }],
    };
    const server: ApiServer = {
        kubeconfig: file("kubeconfig", JSON.stringify(kubeconfig)),
        kubectl: (args, input) =>
            spawnSync(binaryPath("kubectl"), [...access, ...args], {
                encoding: "utf8",
                input,
                maxBuffer: 64 * 1024 * 1024,
                env: { HOME: folder, PATH: process.env.PATH },
            }),
        stop: async () => {
            await Promise.all(children.map(ended));
            rmSync(folder, { recursive: true, force: true });
        },
    };
    for (let second = 0; second < START_SECONDS; second++) {
        if (server.kubectl(["get", "--raw", "/readyz"]).status === 0) return server;
        await setTimeout(1000);
    }
    await server.stop();
    throw new Error(`The API server was not ready within ${START_SECONDS} s`);
}
