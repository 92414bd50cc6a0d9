import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sandboxName } from "../paths";
import { run } from "../../operations/exec";
import { writeWhole } from "../writeWhole";
import { layout } from "./layout";
import { apiServiceAddress, clusterDomain, nodeAddress, nodeName } from "./settings";

const authorityDays = 3650;
const leafDays = 365;
const renewBefore = 30 * 24 * 3600_000;

export interface Certificate {
    name: string;
    /** The name of who signs it; an authority signs itself. */
    authority?: string;
    commonName: string;
    /** The group in Kubernetes' eyes. */
    organization?: string;
    /** Names and addresses that a server answers on; a certificate without any is for clients only. */
    serves?: string[];
}

const loopback = ["DNS:localhost", "IP:127.0.0.1"];
const node = [`DNS:${nodeName}`, `IP:${nodeAddress}`];

/**
 * etcd has an authority of its own: its clients are not told apart, so a certificate of the cluster must not open it.
 * So has the API server where it speaks for others, to what extends its API: it is believed whom it speaks for.
 */
export const clusterCertificates: readonly Certificate[] = [
    { name: "ca", commonName: `${sandboxName}-ca` },
    { name: "etcd-ca", commonName: `${sandboxName}-etcd-ca` },
    { name: "front-proxy-ca", commonName: `${sandboxName}-front-proxy-ca` },
    { name: "front-proxy", authority: "front-proxy-ca", commonName: "front-proxy-client" },
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

/** Makes what the cluster lacks. Returns how many certificates it issued. */
export async function issueClusterCertificates(): Promise<number> {
    const issued = await issueCertificates(clusterCertificates);
    if (!existsSync(serviceAccountPublicKey)) {
        const { privateKey, publicKey } = generateKeyPairSync("ec", {
            namedCurve: "P-256",
            privateKeyEncoding: { type: "pkcs8", format: "pem" },
            publicKeyEncoding: { type: "spki", format: "pem" },
        });
        writeWhole(serviceAccountKey, privateKey);
        writeWhole(serviceAccountPublicKey, publicKey);
    }
    return issued;
}

/** Makes what is missing, has changed or ends within 30 days, authorities before what they sign. Returns how many. */
export async function issueCertificates(list: readonly Certificate[]): Promise<number> {
    mkdirSync(layout.pki, { recursive: true, mode: 0o700 });
    let issued = 0;
    // A new authority makes all that the old one signed out of date.
    for (const wanted of list) {
        if (isCurrent(wanted)) continue;
        await issue(wanted);
        issued++;
    }
    return issued;
}

function isCurrent(wanted: Certificate): boolean {
    const { name, authority = name } = wanted;
    try {
        if (readFileSync(configFile(name), "utf8") !== requestOf(wanted)) return false;
        const own = new X509Certificate(readFileSync(certificate(name)));
        const issuer = new X509Certificate(readFileSync(certificate(authority)));
        const key = createPrivateKey(readFileSync(privateKey(name)));
        const isWhole = own.checkPrivateKey(key) && own.checkIssued(issuer) && own.verify(issuer.publicKey);
        return isWhole && Date.parse(own.validTo) - Date.now() > renewBefore;
    } catch {
        // A file is missing, or is none of its kind.
        return false;
    }
}

async function issue(wanted: Certificate): Promise<void> {
    const { name, authority } = wanted;
    // The request's text comes last: without it the certificate counts as not made.
    rmSync(configFile(name), { force: true });
    const pending = `${configFile(name)}.pending`;
    writeFileSync(pending, requestOf(wanted));
    await run("openssl", [
        ...["req", "-x509", "-new", "-noenc", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
        ...["-config", pending, "-days", `${authority ? leafDays : authorityDays}`],
        ...["-out", certificate(name), "-keyout", privateKey(name)],
        ...(authority ? ["-CA", certificate(authority), "-CAkey", privateKey(authority)] : []),
    ]);
    chmodSync(privateKey(name), 0o600);
    renameSync(pending, configFile(name));
}

function configFile(name: string): string {
    return join(layout.pki, `${name}.cnf`);
}

function requestOf({ authority, commonName, organization, serves }: Certificate): string {
    return [
        "[req]",
        "prompt = no",
        "distinguished_name = subject",
        "x509_extensions = extensions",
        "[subject]",
        `CN = ${commonName}`,
        ...(organization ? [`O = ${organization}`] : []),
        "[extensions]",
        `basicConstraints = critical, CA:${authority ? "FALSE" : "TRUE, pathlen:0"}`,
        `keyUsage = critical, ${authority ? "digitalSignature" : "keyCertSign, cRLSign"}`,
        ...(authority ? [`extendedKeyUsage = clientAuth${serves ? ", serverAuth" : ""}`] : []),
        "subjectKeyIdentifier = hash",
        ...(authority ? ["authorityKeyIdentifier = keyid"] : []),
        ...(serves ? [`subjectAltName = ${serves.join(", ")}`] : []),
        "",
    ].join("\n");
}
