import assert from "node:assert/strict";
import { BotsEdi } from "../../components/botsEdi";
import { parseSettings, SettingsInput } from "../../settings";
import { objects, record, Registration } from "./recorder";

/** A manifest, as loosely as a test reads it. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- asserted on field by field
export type Manifest = any;

/** Registers a system with these settings and returns its objects. */
export async function system(settings: Partial<SettingsInput> = {}): Promise<Registration[]> {
    return objects(await record(() => new BotsEdi("bots-edi", parseSettings({ imageTag: "4.0", ...settings }))));
}

/** The one object of a kind and a name. */
export function find(made: readonly Registration[], kind: string, name: string): Registration & { inputs: Manifest } {
    const found = made.filter(
        ({ inputs }) => inputs.kind === kind && (inputs.metadata as { name?: string } | undefined)?.name === name,
    );
    assert.equal(found.length, 1, `${found.length} objects are ${kind}/${name}`);
    return found[0] as Registration;
}

/** The pod templates among the objects, by kind and name. */
export function podTemplates(made: readonly Registration[]): [string, Manifest][] {
    return made.flatMap(({ inputs }): [string, Manifest][] => {
        const { kind, metadata, spec } = inputs as Manifest;
        const template = (spec?.jobTemplate?.spec ?? spec)?.template;
        return template?.spec?.containers ? [[`${kind as string}/${metadata.name as string}`, template]] : [];
    });
}
