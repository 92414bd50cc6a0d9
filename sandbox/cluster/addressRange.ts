/** Whether two IPv4 ranges, each as `address/length`, have an address in common. A bare address is a range of one. */
export function overlap(one: string, other: string): boolean {
    const [a, b] = [parse(one), parse(other)];
    const shorter = Math.min(a.length, b.length);
    return shorter === 0 || a.address >>> (32 - shorter) === b.address >>> (32 - shorter);
}

/** How many bits of its addresses a range fixes. */
export function prefixLength(range: string): number {
    return parse(range).length;
}

function parse(range: string): { address: number; length: number } {
    const [text = "", length = "32"] = range.split("/");
    const bytes = text.split(".").map(Number);
    const isAddress = bytes.length === 4 && bytes.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255);
    if (!isAddress || !(Number(length) >= 0 && Number(length) <= 32)) throw new Error(`${range} is no IPv4 range`);
    return { address: bytes.reduce((sum, byte) => sum * 256 + byte, 0), length: Number(length) };
}
