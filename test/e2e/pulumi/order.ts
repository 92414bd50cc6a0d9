/** In which order an update made what it made. */
import assert from "node:assert/strict";

/** Resources, by kind and name, were made in this order, by what the update said. */
export function assertMadeInOrder(text: string, ...resources: string[]): void {
    const order = resources.map((resource) => text.indexOf(`${resource} created`));
    assert.ok(
        order.every((place) => place > 0),
        text,
    );
    assert.deepEqual(
        order,
        [...order].sort((one, other) => one - other),
    );
}
