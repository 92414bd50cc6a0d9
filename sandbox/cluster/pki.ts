import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sandboxName } from "../paths";
import { attempt, run } from "../exec";
import { layout } from "./layout";
import { apiServiceAddress, clusterDomain, nodeAddress, nodeName } from "./settings";

const authorityDays = 3650;
const leafDays = 365;
const renewBeforeSeconds = 30 * 24 * 3600;

type Authority = "ca" | "etcd-ca";

interface Leaf {
    name: string;
    authority: Authority;
    commonName: string;
    /** The group in Kubernetes' eyes. */
    organization?: string;
    /** Names and addresses that a server answers on; a certificate without any is for clients only. */
    serves?: string[];
}

const loopback = ["DNS:localhost", "IP:127.0.0.1"];
const node = [`DNS:${nodeName}`, `IP:${nodeAddress}`];

/** etcd has an authority of its own: its clients are not told apart, so a certificate of the cluster must not open it. */
const leaves: Leaf[] = [
    { name: "etcd", authority: "etcd-ca", commonName: "etcd", serves: node },
    { name: "apiserver-etcd", authority: "etcd-ca", commonName: "kube-apiserver" },
    {
        name: "apiserver",
        authority: "ca",
        commonName: "kube-apiserver",
        serves: [
            ...node,
            `IP:${apiServiceAddress}`,
            "DNS:kubernetes",
            "DNS:kubernetes.default",
            "DNS:kubernetes.default.svc",
            `DNS:kubernetes.default.svc.${clusterDomain}`,
        ],
    },
    { name: "apiserver-kubelet", authority: "ca", commonName: "kube-apiserver-kubelet-client" },
    { name: "kubelet-server", authority: "ca", commonName: nodeName, serves: node },
    { name: "kubelet", authority: "ca", commonName: `system:node:${nodeName}`, organization: "system:nodes" },
    { name: "controller-manager", authority: "ca", commonName: "system:kube-controller-manager", serves: loopback },
    { name: "scheduler", authority: "ca", commonName: "system:kube-scheduler", serves: loopback },
    { name: "proxy", authority: "ca", commonName: "system:kube-proxy" },
    { name: "kube-router", authority: "ca", commonName: "kube-router" },
    { name: "admin", authority: "ca", commonName: `${sandboxName}-admin`, organization: "system:masters" },
];

export function certificate(name: string): string {
    return join(layout.pki, `${name}.crt`);
}

export function privateKey(name: string): string {
    return join(layout.pki, `${name}.key`);
}

/** The key that signs service account tokens, and the half of it that checks them. */
export const serviceAccountKey = join(layout.pki, "service-account.key");
export const serviceAccountPublicKey = join(layout.pki, "service-account.pub");

/** Makes what is missing, has changed or ends within 30 days. Returns how many certificates it issued. */
export async function issueCertificates(): Promise<number> {
    mkdirSync(layout.pki, { recursive: true, mode: 0o700 });
    let issued = 0;
    for (const authority of ["ca", "etcd-ca"] as const) {
        if (existsSync(certificate(authority)) && existsSync(privateKey(authority))) continue;
        await issue(authority, authorityConfig(authority), authorityDays);
        issued++;
    }
    for (const leaf of leaves) {
        const config = leafConfig(leaf);
        if (await isCurrent(leaf, config)) continue;
        await issue(leaf.name, config, leafDays, leaf.authority);
        issued++;
    }
    if (!existsSync(serviceAccountPublicKey)) {
        await run("openssl", [
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            serviceAccountKey,
        ]);
        chmodSync(serviceAccountKey, 0o600);
        await run("openssl", ["pkey", "-in", serviceAccountKey, "-pubout", "-out", serviceAccountPublicKey]);
    }
    return issued;
}

async function isCurrent({ name, authority }: Leaf, config: string): Promise<boolean> {
    if (![configFile(name), certificate(name), privateKey(name)].every((file) => existsSync(file))) return false;
    if (readFileSync(configFile(name), "utf8") !== config) return false;
    const lasts = ["x509", "-in", certificate(name), "-noout", "-checkend", `${renewBeforeSeconds}`];
    const fits = ["verify", "-CAfile", certificate(authority), certificate(name)];
    return (await attempt("openssl", lasts)).code === 0 && (await attempt("openssl", fits)).code === 0;
}

async function issue(name: string, config: string, days: number, authority?: Authority): Promise<void> {
    // The request's text is written last: without it the certificate counts as not made.
    rmSync(configFile(name), { force: true });
    const pending = `${configFile(name)}.pending`;
    writeFileSync(pending, config);
    await run("openssl", [
        ...["req", "-x509", "-new", "-noenc", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        ...["-config", pending, "-days", `${days}`, "-out", certificate(name), "-keyout", privateKey(name)],
        ...(authority ? ["-CA", certificate(authority), "-CAkey", privateKey(authority)] : []),
    ]);
    chmodSync(privateKey(name), 0o600);
    rmSync(pending);
    writeFileSync(configFile(name), config);
}

function configFile(name: string): string {
    return join(layout.pki, `${name}.cnf`);
}

function authorityConfig(authority: Authority): string {
    return requestConfig(
        [`CN = ${sandboxName}-${authority}`],
        [
            "basicConstraints = critical, CA:TRUE, pathlen:0",
            "keyUsage = critical, keyCertSign, cRLSign",
            "subjectKeyIdentifier = hash",
        ],
    );
}

function leafConfig({ commonName, organization, serves }: Leaf): string {
    return requestConfig(
        [`CN = ${commonName}`, ...(organization ? [`O = ${organization}`] : [])],
        [
            "basicConstraints = critical, CA:FALSE",
            "keyUsage = critical, digitalSignature",
            `extendedKeyUsage = clientAuth${serves ? ", serverAuth" : ""}`,
            "subjectKeyIdentifier = hash",
            "authorityKeyIdentifier = keyid",
            ...(serves ? [`subjectAltName = ${serves.join(", ")}`] : []),
        ],
    );
}

function requestConfig(subject: string[], extensions: string[]): string {
    return [
        "[req]",
        "prompt = no",
        "distinguished_name = subject",
        "x509_extensions = extensions",
        "[subject]",
        ...subject,
        "[extensions]",
        ...extensions,
        "",
    ].join("\n");
}
