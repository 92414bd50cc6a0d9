import * as pulumi from "@pulumi/pulumi";

/** Runs a program under mocks that keep nothing but the types of what is registered. */
export async function mocked(program: () => unknown): Promise<string[]> {
    const types: string[] = [];
    const mocks: pulumi.runtime.Mocks = {
        newResource: ({ name, type, inputs }) => {
            types.push(type);
            return { id: name, state: inputs as Record<string, unknown> };
        },
        call: ({ inputs }) => inputs as Record<string, unknown>,
    };
    await pulumi.runtime.setMocks(mocks, "bots-edi", "prod", false);
    await program();
    await pulumi.runtime.disconnect();
    return types;
}
