import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { parse } from "yaml";

import { isObject, type Json, type JsonObject } from "./values";

/** A Pulumi project and the configuration of one of its stacks. */
export interface Project {
    name: string;
    rootDir: string;
    /** The folder that the program runs in. */
    workDir: string;
    /** What the runner is asked to load: `.` lets package.json decide. */
    entry: string;
    /** `project:key` → text; structured values as JSON, as the CLI passes them. */
    config: Record<string, string>;
}

/** Reads Pulumi.yaml and Pulumi.<stack>.yaml. `overrides` win over the stack's file. */
export function readProject(rootDir: string, stack: string, overrides: Record<string, Json> = {}): Project {
    if (!/^[\w.-]+$/.test(stack))
        throw new Error(`stack '${stack}': expected letters, digits, dots, dashes and underscores only`);
    const projectFile = join(rootDir, "Pulumi.yaml");
    const project = readYaml(projectFile);
    if (typeof project.name !== "string") throw new Error(`${projectFile}: name: expected the project's name`);
    const name = project.name;
    const stackFile = join(rootDir, `Pulumi.${stack}.yaml`);
    const values = {
        ...defaults(section(project, projectFile)),
        ...section(readYaml(stackFile), stackFile),
        ...overrides,
    };
    const config = Object.entries(values).map(([key, value]): [string, string] => [
        key.includes(":") ? key : `${name}:${key}`,
        configText(key, value, stackFile),
    ]);
    return { name, rootDir: resolve(rootDir), ...program(rootDir, project.main), config: Object.fromEntries(config) };
}

function readYaml(file: string): JsonObject {
    if (!existsSync(file))
        throw new Error(`${file} is not there: expected a Pulumi project with a file for this stack`);
    const content = (parse(readFileSync(file, "utf8")) ?? {}) as Json;
    if (!isObject(content)) throw new Error(`${file}: expected keys and values`);
    return content;
}

function section(content: JsonObject, file: string): JsonObject {
    const config = content.config ?? {};
    if (!isObject(config)) throw new Error(`${file}: config: expected keys and values`);
    return config;
}

/** Pulumi.yaml's config gives a value as it is, or as `value` or `default` of a declaration. */
function defaults(config: JsonObject): JsonObject {
    const values = Object.entries(config).map(([key, declared]): [string, Json | undefined] => [
        key,
        isObject(declared) ? (declared.value ?? declared.default) : declared,
    ]);
    return Object.fromEntries(values.filter((pair): pair is [string, Json] => pair[1] !== undefined));
}

function configText(key: string, value: Json, file: string): string {
    if (isEncrypted(value))
        throw new Error(
            `${file}: ${key}: secrets encrypted by the Pulumi CLI cannot be read here: let the stack generate it, or use the CLI`,
        );
    return typeof value === "string" ? value : JSON.stringify(value);
}

function isEncrypted(value: Json): boolean {
    if (Array.isArray(value)) return value.some(isEncrypted);
    return isObject(value) && ("secure" in value || Object.values(value).some(isEncrypted));
}

function program(rootDir: string, main: Json | undefined): { workDir: string; entry: string } {
    if (typeof main !== "string") return { workDir: resolve(rootDir), entry: "." };
    const path = resolve(rootDir, main);
    return statSync(path).isDirectory()
        ? { workDir: path, entry: "." }
        : { workDir: dirname(path), entry: `./${basename(path)}` };
}
