/** Whether the pull Secret can log in where images come from, as far as it says so itself: a wrong password shows at a pull alone. */
import { fatal, fine, type Finding, warning } from "./finding";

const TYPE = "kubernetes.io/dockerconfigjson";

/** Where images come from whose names have no registry. Its public ones ask for no login. */
const DOCKER_HUB = "docker.io";

interface Entry {
    readonly auth?: string;
    readonly username?: string;
}

/** Registry and path of an image, without tag and digest, as the kubelet looks for it. */
function placeOf(image: string): { host: string; path: string } {
    const [first = "", ...rest] = image
        .replace(/@.*$/, "")
        .replace(/:[^/]*$/, "")
        .split("/");
    const hasHost = rest.length > 0 && /[.:]|^localhost$/.test(first);
    return hasHost ? { host: first, path: rest.join("/") } : { host: DOCKER_HUB, path: [first, ...rest].join("/") };
}

/** Whether an entry's name, such as `harbor.example.com`, `*.example.com/team` or `https://index.docker.io/v1/`, is for an image. */
function isFor(name: string, image: string): boolean {
    const [host = "", ...path] = name
        .replace(/^https?:\/\//, "")
        .replace(/\/v[12]\/?$/, "")
        .replace(/\/$/, "")
        .split("/");
    const place = placeOf(image);
    const wanted = host === "index.docker.io" ? DOCKER_HUB : host;
    const pattern = wanted.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^.:]*");
    return new RegExp(`^${pattern}$`).test(place.host) && place.path.startsWith(path.join("/"));
}

function entriesOf(content: string): Record<string, Entry> | undefined {
    try {
        const { auths } = JSON.parse(content) as { auths?: Record<string, Entry> };
        return auths;
    } catch {
        return undefined;
    }
}

/**
 * What is wrong with it.
 *
 * @param name - of the Secret
 * @param type - its type: the kubelet passes over every other one, and pulls without a login
 * @param content - its `.dockerconfigjson`
 * @param own - the image of Bots
 * @param others - further images of the stack: where their registry asks for no login they need none
 */
export function pullSecretFindings(
    name: string,
    type: string,
    content: string,
    own: string,
    others: readonly string[],
): Finding[] {
    const anew = (host: string) =>
        `kubectl create secret docker-registry ${name} --docker-server=${host} --docker-username=… --docker-password=…`;
    const { host } = placeOf(own);
    if (type !== TYPE) return [fatal(`Secret ${name} is of type ${type}, and nodes look at ${TYPE} alone`, anew(host))];
    const entries = entriesOf(content);
    if (!entries) return [fatal(`.dockerconfigjson of Secret ${name} is no JSON with auths`, anew(host))];
    const loginsOf = (image: string) => Object.entries(entries).filter(([key]) => isFor(key, image));
    const logins = loginsOf(own);
    const known = Object.keys(entries).join(", ") || "none";
    const found: Finding[] = [];
    if (logins.length === 0) {
        found.push(fatal(`Secret ${name} has no login for ${host}, where ${own} is; it has ${known}`, anew(host)));
    } else if (logins.every(([, { auth, username }]) => !auth && !username)) {
        const what = `Secret ${name} names ${host} without a login: it was made of a file whose logins are in a credential store`;
        found.push(fatal(what, anew(host)));
    }
    for (const image of new Set(others)) {
        const place = placeOf(image).host;
        if (place === host || place === DOCKER_HUB || loginsOf(image).length > 0) continue;
        found.push(
            warning(`Secret ${name} has no login for ${place}, where ${image} is`, "add one, if it asks for it"),
        );
    }
    return found.length > 0 ? found : [fine(`Secret ${name} has a login for ${host}`)];
}
