/** What each part of the surroundings says of itself. */
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { commandImage, imagePrefix } from "../cluster/images";
import { type SmallImage } from "../cluster/smallImage";
import { builtFolder, type GoModule } from "../goModules";
import { type Forward } from "../forward";

/** Something that a user's cluster has beside Bots. */
export interface Part {
    /** What `--with` calls it. */
    readonly name: string;
    /** What is built from Go modules. */
    readonly modules: readonly GoModule[];
    /** Packages of the distribution, unpacked and not installed. Default: none. */
    readonly packages?: readonly string[];
    /** Its images, made of what was built and unpacked. */
    readonly images: () => readonly SmallImage[];
    /** Its objects, as YAML; {@link manifests} reads a file of this folder. What they need on the machine is made here. */
    readonly manifests: () => string | Promise<string>;
    /** Ports of 127.0.0.1 that lead to it. */
    readonly forwards?: readonly Forward[];
    /** Settings of the stack where the part is there, by their names in its configuration. */
    readonly settings?: Readonly<Record<string, string>>;
    /** What it puts into the stack's namespace once that is there, as YAML. */
    readonly forStack?: () => string;
    /** Lines that say how it is reached. */
    readonly next?: readonly string[];
}

/** The Go module of a part, in a folder of `binaries`; see {@link GoModule}. */
export function partModule(name: string, rest: Omit<GoModule, "folder">): GoModule {
    return { folder: join(__dirname, "binaries", name), ...rest };
}

/** The image of a module's command. Its tag is that of the build, so that a new build rolls what runs it. */
export function imageOf(module: GoModule, command: string): SmallImage {
    const built = builtFolder(module);
    const tag = basename(built).slice(basename(module.folder).length + 1);
    return commandImage(`${imagePrefix}/${command}:${tag}`, join(built, command));
}

/** The text of `manifests/<name>.yaml`. */
export function manifests(name: string): string {
    return readFileSync(join(__dirname, "manifests", `${name}.yaml`), "utf8");
}
