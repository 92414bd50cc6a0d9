/** Versions that are newer, as a regular expression: Argo Events compares text in no other way. */

/** Numbers of this one and above, without leading zeros: by more digits, or by the first digit that is larger. */
function atLeast(number: string): string {
    const digits = Array.from(number);
    const larger = digits.flatMap((digit, index) =>
        digit === "9"
            ? []
            : [`${number.slice(0, index)}[${Number(digit) + 1}-9]${"[0-9]".repeat(digits.length - index - 1)}`],
    );
    return `(?:${[number, ...larger, `[1-9][0-9]{${digits.length},}`].join("|")})`;
}

/** Numbers above this one. */
function above(number: string): string {
    return atLeast(String(BigInt(number) + 1n));
}

/**
 * What matches each released version that is not older than a tag: `4.0`, `4.0.13`, `v4.1`, and neither `3.3.2` nor `4.1.0-rc.1`.
 *
 * @param tag - the stack's; where it is no version, every released version matches
 */
export function newerTag(tag: string): string {
    const any = "(?:0|[1-9][0-9]*)";
    const [, major, minor, patch = "0"] = /^v?(0|[1-9]\d*)\.(0|[1-9]\d*)(?:\.(0|[1-9]\d*))?$/.exec(tag) ?? [];
    const versions =
        major === undefined || minor === undefined
            ? [`${any}\\.${any}(?:\\.${any})?`]
            : [
                  `${above(major)}\\.${any}(?:\\.${any})?`,
                  `${major}\\.${above(minor)}(?:\\.${any})?`,
                  `${major}\\.${minor}\\.${atLeast(patch)}`,
                  ...(patch === "0" ? [`${major}\\.${minor}`] : []),
              ];
    return `^v?(?:${versions.join("|")})$`;
}
