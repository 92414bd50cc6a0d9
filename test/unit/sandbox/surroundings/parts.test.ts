import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { manifests } from "../../../../sandbox/surroundings/part";
import { parts, partsOf } from "../../../../sandbox/surroundings/parts";

interface Manifest {
    readonly kind: string;
    readonly spec: {
        readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
    };
}

describe("parts of the surroundings", () => {
    const names = parts.map(({ name }) => name);

    it("are taken by name, in the order in which they are put up, or all", () => {
        assert.deepEqual(
            partsOf("metrics-server, traefik").map(({ name }) => name),
            ["traefik", "metrics-server"],
        );
        assert.deepEqual(partsOf("all"), parts);
    });

    for (const [list, unknown] of [
        ["traefic", "traefic"],
        ["traefik,nginx", "nginx"],
        ["", ""],
        ["traefik,", ""],
        ["all,traefik", "all"],
    ] as const) {
        it(`do not have ${JSON.stringify(unknown)} of ${JSON.stringify(list)}: one line says what there is`, () => {
            assert.throws(() => partsOf(list), {
                name: "SandboxError",
                message: `the surroundings have no part ${JSON.stringify(unknown)}; takes ${names.join(", ")}, with commas, or all`,
            });
        });
    }

    for (const part of parts) {
        it(`${part.name} runs images that are built here, under names that no registry has`, () => {
            const made = part.images().map(({ ref }) => ref);
            assert.ok(made.length > 0);
            for (const ref of made) assert.match(ref, /^localhost\//);
            const images = parseAllDocuments(manifests(part.name))
                .map((document) => document.toJS() as Manifest)
                .filter(({ kind }) => kind === "Deployment")
                .flatMap(({ spec }) => spec.template.spec.containers.map(({ image }) => image));
            assert.ok(images.length > 0);
            for (const image of images) assert.match(image, /^\{\{\w+\}\}$/);
        });
    }

    it("share no port of the machine", () => {
        const ports = parts.flatMap(({ forwards = [] }) => forwards.map(({ port }) => port));
        assert.deepEqual(ports, [...new Set(ports)]);
        assert.ok(!ports.includes(8080), "that is the web page's");
    });

    it("set no setting of the stack that another sets: the later one would win", () => {
        const settings = parts.flatMap(({ settings = {} }) => Object.keys(settings));
        assert.deepEqual(settings, [...new Set(settings)]);
    });
});
