/** Somebody who asks a webserver for a page, many times a second, and counts what fails. */
import assert from "node:assert/strict";
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { kubectl } from "../../sandbox/cluster/kubectl";

/** Milliseconds after which a request has failed. */
const LIMIT = 10_000;

/** A page that is made from the database and for nobody in particular. */
const PAGE = "/login/";

/** How many requests were sent, and what failed: the second, and why; and the longest time without a page, in seconds. */
export interface Count {
    readonly sent: number;
    readonly failures: readonly string[];
    readonly silence: number;
}

/** Requests at a rate, each on a connection of its own, through the Service, as an Ingress sends them. */
export class Requests {
    private sent = 0;
    private readonly failures: string[] = [];
    private readonly open = new Set<Promise<void>>();
    private readonly begin = Date.now();
    private answered = this.begin;
    private silence = 0;
    private readonly timer: NodeJS.Timeout;

    private constructor(
        private readonly address: string,
        rate: number,
    ) {
        this.timer = setInterval(() => {
            this.catchUp(rate);
        }, 1000 / rate);
    }

    /** Starts them, by default 50 a second. */
    static async start(namespace: string, rate = 50): Promise<Requests> {
        const service = ["get", "service", "bots-webserver", "-n", namespace, "-o", "jsonpath={.spec.clusterIP}"];
        return new Requests(await kubectl(service), rate);
    }

    /** What is due. A timer that was late is made up for, at twice the rate at most: people do not all come at one moment. */
    private catchUp(rate: number): void {
        const due = ((Date.now() - this.begin) * rate) / 1000;
        for (let count = 0; count < 2 && this.sent < due; count++) this.send();
    }

    private send(): void {
        this.sent++;
        const second = ((Date.now() - this.begin) / 1000).toFixed(1);
        const request = this.ask().then(
            () => {
                this.hear();
            },
            (error: unknown) => {
                this.failures.push(`${second} s: ${error instanceof Error ? error.message : String(error)}`);
            },
        );
        this.open.add(request);
        void request.then(() => this.open.delete(request));
    }

    /** Milliseconds since the last page. */
    get sinceAnswer(): number {
        return Date.now() - this.answered;
    }

    private hear(): void {
        this.silence = Math.max(this.silence, this.sinceAnswer);
        this.answered = Date.now();
    }

    private ask(): Promise<void> {
        return new Promise((resolve, reject) => {
            const headers = { host: "localhost" };
            const options = { host: this.address, port: 8080, path: PAGE, headers, agent: false, timeout: LIMIT };
            const request = get(options, (response) => {
                response.on("error", reject).on("end", () => {
                    if (response.statusCode === 200) resolve();
                    else reject(new Error(`status ${response.statusCode ?? "unknown"}`));
                });
                response.resume();
            });
            request.on("error", reject).on("timeout", () => request.destroy(new Error(`no answer in ${LIMIT} ms`)));
        });
    }

    /** Ends them, and waits for the answers that are out. */
    async stop(): Promise<Count> {
        clearInterval(this.timer);
        await Promise.all(this.open);
        this.hear();
        return { sent: this.sent, failures: this.failures, silence: this.silence / 1000 };
    }
}

/**
 * Does something under requests, by default 50 a second, of which none may fail: not before, not
 * meanwhile, not in the seconds after. Returns how many were sent.
 */
export async function withoutFailure(namespace: string, work: () => Promise<unknown>, rate?: number): Promise<number> {
    const requests = await Requests.start(namespace, rate);
    let count: Count;
    try {
        await sleep(1000);
        await work();
        await sleep(5000);
    } finally {
        count = await requests.stop();
    }
    const { sent, failures } = count;
    assert.deepEqual(failures.slice(0, 20), [], `${failures.length} of ${sent} requests failed`);
    assert.ok(sent > 0);
    console.log(`        ${sent} requests, none failed`);
    return sent;
}
