/** What a check found. */
export interface Finding {
    /** `fatal`: an update would fail, or leave nothing that works. `warning`: worth knowing. `fine`: as it should be. */
    readonly level: "fatal" | "warning" | "fine";
    /** What was found, in one line. */
    readonly what: string;
    /** What to do about it. */
    readonly todo?: string;
}

/** All is as it should be. */
export const fine = (what: string): Finding => ({ level: "fine", what });

/** Worth knowing. */
export const warning = (what: string, todo: string): Finding => ({ level: "warning", what, todo });

/** An update would fail, or leave nothing that works. */
export const fatal = (what: string, todo: string): Finding => ({ level: "fatal", what, todo });

const MARKS = { fatal: "FATAL", warning: "warn ", fine: "ok   " } as const;

/** The findings as they are shown: what is wrong last, where it is read. */
export function report(findings: readonly Finding[]): string {
    const order = ["fine", "warning", "fatal"];
    const sorted = [...findings].sort((one, other) => order.indexOf(one.level) - order.indexOf(other.level));
    const count = (level: Finding["level"]) => findings.filter((finding) => finding.level === level).length;
    const lines = sorted.map(({ level, what, todo }) => `${MARKS[level]}  ${what}${todo ? `\n       -> ${todo}` : ""}`);
    return [...lines, "", `${count("fatal")} fatal, ${count("warning")} warnings, ${count("fine")} fine`].join("\n");
}
