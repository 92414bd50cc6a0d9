/** A registry that asks for a login, with a certificate of an authority of its own: Debian's docker-registry. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { run } from "../../operations/exec";
import { NAMESPACE } from "../bots";
import { commandImage, imagePrefix } from "../cluster/images";
import { packageFolder } from "../cluster/packages";
import { type Certificate, certificate, issueCertificates, privateKey } from "../cluster/pki";
import { registry as place } from "../cluster/settings";
import { fill } from "../cluster/template";
import { sandboxName, stateDir } from "../paths";
import { writeWhole } from "../writeWhole";
import { manifests, type Part } from "./part";

/** Who may push and pull. */
const USER = "bots-edi";

/** Where the user's password is: made once, kept as long as the sandbox's other state. */
const PASSWORD_FILE = join(stateDir, "registry-password");

/** The pull Secret in the stack's namespace. */
const PULL_SECRET = "registry-login";

/** Debian's name of it, and its command's. */
const PACKAGE = "docker-registry";

/** Not the cluster's authority: who has a client trust this one trusts no client of the cluster by it. */
const certificates: Certificate[] = [
    { name: "registry-ca", commonName: `${sandboxName}-registry-ca` },
    {
        name: "registry",
        authority: "registry-ca",
        commonName: "localhost",
        serves: ["DNS:localhost", "IP:127.0.0.1", `IP:${place.address}`],
    },
];

/** What a client has to know. */
export interface Login {
    readonly user: string;
    readonly password: string;
}

/** The login that the registry takes. */
export function registryLogin(): Login {
    if (!existsSync(PASSWORD_FILE)) writeWhole(PASSWORD_FILE, randomBytes(12).toString("base64url"));
    return { user: USER, password: readFileSync(PASSWORD_FILE, "utf8") };
}

/** A Secret with a login, as `kubectl create secret docker-registry` makes it. */
export function pullSecret(name: string, namespace: string, { user, password }: Login): object {
    const auth = Buffer.from(`${user}:${password}`).toString("base64");
    return {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { name, namespace },
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [place.host]: { auth } } }) },
    };
}

/** A line of Apache's password file. The registry takes bcrypt alone, which neither Node nor OpenSSL makes: Perl is on every Debian. */
export async function passwordLine({ user, password }: Login): Promise<string> {
    // Of the password, so that the line is the same each time.
    const salt = createHash("sha256").update(password).digest("hex").slice(0, 22);
    const hash = await run("perl", ["-e", "print crypt(<STDIN>, $ARGV[0])", `$2y$10$${salt}`], { input: password });
    return `${user}:${hash}`;
}

const image = () => ({
    ...commandImage(`${imagePrefix}/${PACKAGE}:1`, join(packageFolder(PACKAGE), "usr/bin", PACKAGE)),
    isLinked: true,
});

const base64 = (text: string | Buffer) => Buffer.from(text).toString("base64");

export const registry: Part = {
    name: "registry",
    modules: [],
    packages: [PACKAGE],
    images: () => [image()],
    manifests: async () => {
        await issueCertificates(certificates);
        return fill(manifests("registry"), {
            image: image().ref,
            address: place.address,
            certificate: base64(readFileSync(certificate("registry"))),
            key: base64(readFileSync(privateKey("registry"))),
            passwords: base64(await passwordLine(registryLogin())),
        });
    },
    forwards: [
        { name: "registry", port: place.port, namespace: "kube-system", service: "registry", servicePort: place.port },
    ],
    forStack: () => stringify(pullSecret(PULL_SECRET, NAMESPACE, registryLogin())),
    next: [
        `Registry   https://${place.host}/   user ${USER}, password in ${PASSWORD_FILE}; its authority: ${certificate("registry-ca")}`,
    ],
};
