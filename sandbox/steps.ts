/** Milliseconds between two signs of life of a step that takes its time. */
const heartbeat = 30_000;

/** Prints what is done and how long it took; one line a step. */
export class Steps {
    private readonly begin = Date.now();

    constructor(
        private readonly print: (line: string) => void = (line) => process.stdout.write(`${line}\n`),
        private readonly every = heartbeat,
    ) {}

    /** Does one step. If its result is text ("built", "already there"), that is printed as a remark. */
    async step(what: string, work: () => unknown): Promise<void> {
        const begin = Date.now();
        const elapsed = () => seconds(Date.now() - begin);
        const beat = setInterval(() => {
            this.note(`${what}: at it for ${elapsed()}`);
        }, this.every);
        try {
            const remark = await work();
            this.print(`${elapsed().padStart(8)}  ${what}${typeof remark === "string" ? ` (${remark})` : ""}`);
        } finally {
            clearInterval(beat);
        }
    }

    note(line: string): void {
        this.print(`${" ".repeat(10)}${line}`);
    }

    end(what: string): void {
        this.print(`${seconds(Date.now() - this.begin).padStart(8)}  ${what}`);
    }
}

function seconds(milliseconds: number): string {
    return `${(milliseconds / 1000).toFixed(1)} s`;
}
