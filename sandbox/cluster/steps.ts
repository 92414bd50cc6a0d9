/** Prints what is done and how long it took; one line a step. */
export class Steps {
    private readonly begin = Date.now();

    constructor(private readonly print: (line: string) => void = (line) => process.stdout.write(`${line}\n`)) {}

    /** Does one step. If its result is text ("built", "already there"), that is printed as a remark. */
    async step(what: string, work: () => unknown): Promise<void> {
        const begin = Date.now();
        const remark = await work();
        this.print(
            `${seconds(Date.now() - begin).padStart(8)}  ${what}${typeof remark === "string" ? ` (${remark})` : ""}`,
        );
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
