import assert from "node:assert/strict";
import { movedTags, type Pod } from "../../../operations/images";

const IMAGE = "harbor.pminc.me/priv/bots-edi:4.0";
const [ONE, TWO] = ["a", "b"].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string];

function pod(name: string, imageID: string, { image = IMAGE, phase = "Running", ends = false } = {}): Pod {
    return {
        metadata: { name, ...(ends && { deletionTimestamp: "2026-11-27T10:00:00Z" }) },
        spec: { containers: [{ name: "bots", image }] },
        status: { phase, containerStatuses: [{ name: "bots", imageID }] },
    };
}

describe("a tag that has moved in the registry", () => {
    it("is told where pods that name it run different images, with the pods of each", () => {
        const pods = [
            pod("webserver-1", `harbor.pminc.me/priv/bots-edi@${ONE}`),
            pod("webserver-2", `harbor.pminc.me/priv/bots-edi@${TWO}`),
            pod("jobqueue", `harbor.pminc.me/priv/bots-edi@${ONE}`),
        ];
        assert.deepEqual(movedTags(pods), [
            `${IMAGE} is not one image: ${ONE} in webserver-1, jobqueue; ${TWO} in webserver-2; ` +
                "pin one by its digest (docs/operations.md, Which bytes run)",
        ]);
    });

    for (const [what, other] of [
        ["runs the same image by another repository's name", pod("two", `mirror.example.com/bots-edi@${ONE}`)],
        ["has ended", pod("two", `harbor.pminc.me/priv/bots-edi@${TWO}`, { phase: "Succeeded" })],
        ["is about to end", pod("two", `harbor.pminc.me/priv/bots-edi@${TWO}`, { ends: true })],
        ["has yet to pull it", pod("two", "", { phase: "Pending" })],
        ["has another version", pod("two", `harbor.pminc.me/priv/bots-edi@${TWO}`, { image: `${IMAGE}.1` })],
    ] as const) {
        it(`is not told where the other pod ${what}`, () => {
            assert.deepEqual(movedTags([pod("one", `harbor.pminc.me/priv/bots-edi@${ONE}`), other]), []);
        });
    }
});
