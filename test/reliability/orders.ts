/** Numbered orders: put into an inbox, counted at the partner's end. */
import assert from "node:assert/strict";
import {
    chmodSync,
    chownSync,
    cpSync,
    existsSync,
    mkdirSync,
    readdirSync,
    readFileSync,
    renameSync,
    rmSync,
    writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type System } from "./system";

const SAMPLE = join(__dirname, "..", "..", "sandbox", "sample");
const ORDER = readFileSync(join(SAMPLE, "order.edi"), "utf8");

/** The user of the containers. */
const UID = 10001;

/** Orders in the order of their numbers that arrived not at all, or more often than once; files without a whole order. */
export interface Count {
    readonly sent: number;
    readonly lost: readonly number[];
    readonly twice: readonly number[];
    readonly broken: readonly string[];
}

/** The orders of one system. No number comes twice, so that a late delivery shows too. */
export class Orders {
    private last = 0;
    /** Numbers under way, by route. */
    private readonly waiting = new Map<string, number[]>();

    private constructor(private readonly system: System) {}

    /** Makes the routes. */
    static async of(system: System, ...routes: string[]): Promise<Orders> {
        cpSync(join(SAMPLE, "usersys"), join(system.folder, "usersys"), { recursive: true });
        await system.python("routes.py", ...routes);
        return new Orders(system);
    }

    /** Puts new orders into a route's inbox, each whole or not at all. */
    put(route: string, count: number): void {
        const inbox = this.inbox(route);
        const numbers = Array.from({ length: count }, () => ++this.last);
        this.waiting.set(route, numbers);
        mkdirSync(inbox, { recursive: true });
        for (const number of numbers) {
            const partial = join(inbox, `.${number}.partial`);
            writeFileSync(partial, ORDER.replaceAll("PO-2026-0042", `PO-${number}`));
            chownSync(partial, UID, UID);
            chmodSync(partial, 0o644);
            renameSync(partial, join(inbox, `${number}.edi`));
        }
    }

    inbox(route: string): string {
        return join(this.system.folder, "botssys", "infile", route);
    }

    /** Counts what arrived, and empties the outboxes for what comes next. */
    count(): Count {
        const arrived = new Map<number, number>();
        const broken: string[] = [];
        const expected = new Set<number>();
        for (const [route, numbers] of this.waiting) {
            for (const number of numbers) expected.add(number);
            const outbox = join(this.system.folder, "botssys", "outfile", route);
            for (const name of existsSync(outbox) ? readdirSync(outbox) : []) {
                const text = readFileSync(join(outbox, name), "utf8");
                const number = Number(/^ORD;PO-(\d+);/.exec(text)?.[1]);
                if (expected.has(number) && text.split("\n").length === 5)
                    arrived.set(number, (arrived.get(number) ?? 0) + 1);
                else broken.push(`${route}/${name}`);
            }
            rmSync(outbox, { recursive: true, force: true });
        }
        this.waiting.clear();
        // Bots' own copies: nobody asks for them again, and the moments of a run are found by counting them.
        rmSync(join(this.system.folder, "botssys", "data"), { recursive: true, force: true });
        const numbers = [...expected].sort((a, b) => a - b);
        return {
            sent: arrived.size,
            lost: numbers.filter((number) => !arrived.has(number)),
            twice: numbers.filter((number) => (arrived.get(number) ?? 0) > 1),
            broken,
        };
    }

    /** How far a run is: files that Bots has made, and files that it has sent. */
    progress(): number {
        return this.files(join(this.system.folder, "botssys", "data")) + this.filesIn("outfile");
    }

    /** Files in the inboxes (`infile`) or outboxes (`outfile`) of the routes that orders are under way on. */
    filesIn(end: "infile" | "outfile"): number {
        const folders = [...this.waiting.keys()].map((route) => join(this.system.folder, "botssys", end, route));
        return folders.reduce((sum, folder) => sum + this.files(folder), 0);
    }

    private files(folder: string): number {
        if (!existsSync(folder)) return 0;
        return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).length;
    }
}

/** What is wrong with a count, with the orders' numbers; undefined where each arrived once. */
export function fault({ lost, twice, broken }: Count): string | undefined {
    const list = (what: string, items: readonly unknown[]) =>
        items.length > 0 ? [`${items.length} ${what}: ${items.slice(0, 30).join(" ")}`] : [];
    const faults = [...list("lost", lost), ...list("sent twice", twice), ...list("broken", broken)];
    return faults.length > 0 ? faults.join("; ") : undefined;
}

/** Every order arrived once. */
export function assertEachOnce(count: Count): void {
    assert.equal(fault(count), undefined);
}
