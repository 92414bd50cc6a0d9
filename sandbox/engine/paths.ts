import { isObject, type Json, type Path } from "./values";

/** `spec.containers[0].image`, `metadata.annotations["a/b"]`, `*`: the property paths of Pulumi's resource options. */
export function parsePath(text: string): Path {
    const keys: (string | number)[] = [];
    const token = /\.?(?:\[(\d+|\*)\]|\["((?:[^"\\]|\\.)*)"\]|([^.[\]"]+))/y;
    while (token.lastIndex < text.length) {
        const match = token.exec(text);
        if (!match) throw new Error(`property path '${text}': expected names, [numbers], ["quoted names"] or *`);
        const [, index, quoted, name] = match;
        if (index !== undefined) keys.push(index === "*" ? "*" : Number(index));
        else keys.push(quoted !== undefined ? quoted.replace(/\\(.)/g, "$1") : (name ?? ""));
    }
    return keys;
}

/** Whether the pattern names this path or something that contains it. */
export function covers(pattern: Path, path: Path): boolean {
    return pattern.length <= path.length && pattern.every((key, index) => key === "*" || key === path[index]);
}

/** The concrete paths in `value` that a pattern with wildcards stands for. */
export function expand([key, ...rest]: Path, value: Json | undefined): Path[] {
    if (key === undefined) return [[]];
    const children: [string | number, Json][] = Array.isArray(value)
        ? [...value.entries()]
        : isObject(value)
          ? Object.entries(value)
          : [];
    return children
        .filter(([name]) => key === "*" || key === name)
        .flatMap(([name, child]) => expand(rest, child).map((path) => [name, ...path]));
}

/** A path as people write it. */
export function formatPath(path: Path): string {
    return path.reduce<string>((text, key) => {
        if (typeof key === "number") return `${text}[${key}]`;
        if (!/^[\w-]+$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
        return text ? `${text}.${key}` : key;
    }, "");
}
