import { existsSync } from "node:fs";
import { type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest, type RequestOptions } from "node:https";
import { setTimeout as sleep } from "node:timers/promises";

import { type JsonObject } from "./values";

/** Any object of the Kubernetes API. */
export interface KubeObject extends JsonObject {
    apiVersion: string;
    kind: string;
    metadata: Metadata;
}
export interface Metadata extends JsonObject {
    name: string;
}

/** What the API server answered instead of doing what was asked. */
export class ApiError extends Error {
    constructor(
        readonly code: number,
        readonly reason: string,
        message: string,
        /** For an invalid object: what is wrong, field by field. */
        readonly causes: string[],
    ) {
        super(message);
    }
}

interface Discovered {
    name: string;
    kind: string;
    namespaced: boolean;
}

interface Call {
    path: string;
    method?: "GET" | "PATCH" | "DELETE";
    query?: Record<string, string>;
    contentType?: string;
    body?: JsonObject;
}

const requestTimeoutMs = 60_000;
/** A control plane that restarts is back in seconds; every call here may be made twice without harm. */
const retryDelaysMs = [500, 1000, 2000, 4000, 8000];

/**
 * The few calls that the engine makes. The connection (addresses, certificates, tokens) is @kubernetes/client-node's; the
 * objects go as they are, because its typed serializers drop fields that they do not know, and with them typing errors.
 */
export class Client {
    private readonly discovered = new Map<string, Promise<Discovered[]>>();

    private constructor(
        private readonly server: URL,
        private readonly options: RequestOptions,
        readonly defaultNamespace: string,
        private readonly warn: (warning: string) => void,
    ) {}

    /** `kubeconfig` is a file's path or its content. */
    static async connect(
        kubeconfig: string,
        context: string | undefined,
        warn: (warning: string) => void,
    ): Promise<Client> {
        const { KubeConfig } = await import("@kubernetes/client-node");
        const config = new KubeConfig();
        if (existsSync(kubeconfig)) config.loadFromFile(kubeconfig);
        else if (kubeconfig.includes("clusters")) config.loadFromString(kubeconfig);
        else
            throw new Error(
                `kubeconfig '${kubeconfig}': no such file: bring the cluster up first, or name another file`,
            );
        if (context) config.setCurrentContext(context);
        const cluster = config.getCurrentCluster();
        if (!cluster)
            throw new Error(`kubeconfig: context '${config.getCurrentContext()}' has no cluster: name another context`);
        const options: RequestOptions = {};
        await config.applyToHTTPSOptions(options);
        const namespace = config.getContextObject(config.getCurrentContext())?.namespace ?? "default";
        return new Client(new URL(cluster.server), options, namespace, warn);
    }

    /** The object, or undefined where it is not. */
    async read(object: KubeObject): Promise<KubeObject | undefined> {
        try {
            return (await this.call({ path: await this.pathOf(object) })) as KubeObject;
        } catch (error) {
            if (error instanceof ApiError && error.code === 404) return undefined;
            throw error;
        }
    }

    /** Server-side apply. `dryRun` only says what would come of it. */
    async apply(
        object: KubeObject,
        options: { manager: string; force: boolean; dryRun?: boolean },
    ): Promise<KubeObject> {
        const query: Record<string, string> = { fieldManager: options.manager, force: String(options.force) };
        if (options.dryRun) query.dryRun = "All";
        return (await this.call({
            path: await this.pathOf(object),
            method: "PATCH",
            query,
            contentType: "application/apply-patch+yaml",
            body: object,
        })) as KubeObject;
    }

    /** Asks for deletion, dependents first; what is not there counts as deleted. */
    async delete(object: KubeObject): Promise<void> {
        try {
            await this.call({
                path: await this.pathOf(object),
                method: "DELETE",
                body: { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Foreground" },
            });
        } catch (error) {
            if (!(error instanceof ApiError && error.code === 404)) throw error;
        }
    }

    async list(
        apiVersion: string,
        kind: string,
        namespace: string,
        query: { labelSelector?: string; fieldSelector?: string },
    ): Promise<KubeObject[]> {
        const path = await this.collection(apiVersion, kind, namespace);
        return ((await this.call({ path, query })) as { items: KubeObject[] }).items;
    }

    /** The last lines that a container wrote; "" where there is no log to be had. */
    async logs(namespace: string, pod: string, container: string, previous: boolean): Promise<string> {
        const path = `${await this.collection("v1", "Pod", namespace)}/${pod}/log`;
        try {
            return String(await this.call({ path, query: { container, previous: String(previous), tailLines: "10" } }));
        } catch (error) {
            if (error instanceof ApiError) return "";
            throw error;
        }
    }

    async isNamespaced(apiVersion: string, kind: string): Promise<boolean> {
        return (await this.discover(apiVersion, kind)).namespaced;
    }

    private async pathOf(object: KubeObject): Promise<string> {
        const { name, namespace } = object.metadata;
        const collection = await this.collection(
            object.apiVersion,
            object.kind,
            typeof namespace === "string" ? namespace : this.defaultNamespace,
        );
        return `${collection}/${encodeURIComponent(name)}`;
    }

    private async collection(apiVersion: string, kind: string, namespace: string): Promise<string> {
        const { name, namespaced } = await this.discover(apiVersion, kind);
        const scope = namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : "";
        return `${apiRoot(apiVersion)}${scope}/${name}`;
    }

    private async discover(apiVersion: string, kind: string): Promise<Discovered> {
        let listing = this.discovered.get(apiVersion);
        if (!listing) {
            listing = this.call({ path: apiRoot(apiVersion) }).then(
                (answer) => (answer as { resources: Discovered[] }).resources,
            );
            this.discovered.set(apiVersion, listing);
        }
        const resources = await listing.catch((error: unknown) => {
            this.discovered.delete(apiVersion);
            if (error instanceof ApiError && error.code === 404) return [];
            throw error;
        });
        const found = resources.find((resource) => resource.kind === kind && !resource.name.includes("/"));
        if (found) return found;
        this.discovered.delete(apiVersion);
        throw new ApiError(
            404,
            "NoKindMatch",
            `the cluster has no ${kind} in ${apiVersion}: is its CRD installed?`,
            [],
        );
    }

    private async call(call: Call): Promise<unknown> {
        for (const delay of [...retryDelaysMs, undefined]) {
            try {
                return await this.once(call);
            } catch (error) {
                if (delay === undefined || !isTransient(error)) throw error;
                await sleep(delay);
            }
        }
        return undefined;
    }

    private async once({ path, method = "GET", query, contentType, body }: Call): Promise<unknown> {
        const url = new URL(this.server.href.replace(/\/$/, "") + path);
        url.search = new URLSearchParams(query).toString();
        const text = body && JSON.stringify(body);
        const headers = {
            ...(this.options.headers as Record<string, string> | undefined),
            Accept: "application/json, */*",
            ...(text && {
                "Content-Type": contentType ?? "application/json",
                "Content-Length": Buffer.byteLength(text),
            }),
        };
        const send = url.protocol === "https:" ? httpsRequest : httpRequest;
        const response = await new Promise<IncomingMessage>((resolve, reject) => {
            const request = send(url, { ...this.options, method, headers, timeout: requestTimeoutMs }, resolve);
            request.once("timeout", () => request.destroy(noAnswer(`${method} ${path}`)));
            request.once("error", reject);
            request.end(text);
        });
        const chunks: Buffer[] = [];
        for await (const chunk of response) chunks.push(chunk as Buffer);
        const answer = Buffer.concat(chunks).toString("utf8");
        for (const header of [response.headers.warning ?? []].flat()) this.warn(warningText(header));
        const status = response.statusCode ?? 0;
        if (status >= 400) throw apiError(status, answer);
        return response.headers["content-type"]?.startsWith("application/json")
            ? (JSON.parse(answer) as unknown)
            : answer;
    }
}

/** Carries a code, like every other error that leaves open whether the server did what it was asked. */
function noAnswer(call: string): Error {
    return Object.assign(new Error(`${call}: no answer from the API server`), { code: "ETIMEDOUT" });
}

/** `299 - "text"`, as HTTP quotes it. */
function warningText(header: string): string {
    return header.replace(/^\d+ \S+ "|"$/g, "").replace(/\\(.)/g, "$1");
}

function apiRoot(apiVersion: string): string {
    return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function apiError(code: number, answer: string): ApiError {
    try {
        const status = JSON.parse(answer) as {
            reason?: string;
            message?: string;
            details?: { causes?: { field?: string; message?: string }[] };
        };
        const causes = (status.details?.causes ?? []).map((cause) => `${cause.field ?? ""}: ${cause.message ?? ""}`);
        return new ApiError(code, status.reason ?? "", status.message ?? answer, causes);
    } catch {
        return new ApiError(code, "", answer.trim() || `HTTP ${code}`, []);
    }
}

function isTransient(error: unknown): boolean {
    if (error instanceof ApiError) return [429, 502, 503, 504].includes(error.code);
    return ["ECONNREFUSED", "ECONNRESET", "EPIPE"].includes((error as NodeJS.ErrnoException).code ?? "");
}
