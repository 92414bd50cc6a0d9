import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { find, Manifest, system } from "../../support/find";

describe("Superuser", () => {
    it("is made from a Secret, once the database is initialised", async () => {
        const made = await system({ superuserSecret: "first-user" });
        const { inputs, dependencies, replaceOnChanges, deleteBeforeReplace } = find(made, "Job", "bots-superuser");
        const [container] = inputs.spec.template.spec.containers;
        const script = readFileSync(join(__dirname, "../../../config/superuser.py"), "utf8");
        assert.deepEqual(container.command, ["python", "-c", script]);
        const user = container.env.filter(({ name }: Manifest) => name.startsWith("SUPERUSER_"));
        assert.deepEqual(
            user.map(({ name, valueFrom }: Manifest) => [
                name,
                valueFrom.secretKeyRef.name,
                valueFrom.secretKeyRef.key,
            ]),
            ["USERNAME", "EMAIL", "PASSWORD"].map((key) => [`SUPERUSER_${key}`, "first-user", `SUPERUSER_${key}`]),
        );
        assert.ok(dependencies.includes(find(made, "Job", "bots-db-init").urn));
        assert.deepEqual([replaceOnChanges, deleteBeforeReplace], [["*"], true]);
    });

    it("is not there without one", async () => {
        assert.ok((await system()).every(({ inputs }) => (inputs.metadata as Manifest).name !== "bots-superuser"));
    });
});
