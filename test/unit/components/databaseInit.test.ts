import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { find, system } from "../../support/find";

/** What the stand-ins for the image's programs answer. */
interface Image {
    /** Exit code of `healthcheck.py --check startup`. */
    readonly tables?: number;
    /** What `django showmigrations --plan` prints. */
    readonly plan?: string;
    /** Its exit code. */
    readonly asked?: number;
    /** Whether it has bots-engine. */
    readonly engine?: boolean;
}

/** Runs the Job's script in a folder in place of the root. The image's init-db ends with 0 whatever happened, as the user's does. */
function runScript(
    script: string,
    { tables = 0, plan = "[X]  bots.0001_initial", asked = 0, engine = true }: Image = {},
) {
    const root = mkdtempSync(join(tmpdir(), "bots-edi-init-"));
    const program = (path: string, body: string) => {
        writeFileSync(join(root, path), `#!/bin/sh\n${body}\n`);
        chmodSync(join(root, path), 0o755);
    };
    try {
        for (const folder of ["bin", "config"]) mkdirSync(join(root, folder));
        for (const file of ["bots.ini", "settings.py"]) writeFileSync(join(root, "config", file), file);
        program("entrypoint.sh", "exit 0");
        if (engine) program("bin/bots-engine", "exit 0");
        program("bin/python", `case "$*" in *healthcheck*) exit ${tables} ;; esac; echo "${plan}"; exit ${asked}`);
        const here = script.replace(/(^|[\s"=])\/(entrypoint\.sh|config-backup|config|home|tmp)/gm, `$1${root}/$2`);
        const { status, stderr } = spawnSync("/bin/sh", ["-c", here], {
            env: { PATH: `${join(root, "bin")}:/usr/bin:/bin`, CONFIG_CHECKSUM: "abc", BACKUP_SCRIPT: "" },
            encoding: "utf8",
        });
        return { status, stderr, kept: existsSync(join(root, "config-backup", "abc", "bots.ini")) };
    } finally {
        rmSync(root, { recursive: true });
    }
}

describe("DatabaseInit", () => {
    it("is the Job of the spec", async () => {
        const { spec } = find(await system(), "Job", "bots-db-init").inputs;
        assert.equal(spec.backoffLimit, 3);
        assert.equal(spec.ttlSecondsAfterFinished, 300);
        assert.equal(spec.activeDeadlineSeconds, 300);
        assert.equal(spec.template.spec.restartPolicy, "OnFailure");
        const [container] = spec.template.spec.containers;
        const { requests, limits } = container.resources;
        assert.deepEqual(
            [requests.cpu, requests.memory, limits.cpu, limits.memory],
            ["100m", "256Mi", "500m", "512Mi"],
        );
        assert.ok(!container.env.some(({ name }: { name: string }) => name === "DB_INIT_SKIP"));
    });

    it("completes only where the tables are there, and then keeps the configuration", async () => {
        const { spec } = find(await system(), "Job", "bots-db-init").inputs;
        const [container] = spec.template.spec.containers;
        const [shell, flag, script] = container.command;
        assert.deepEqual([shell, flag], ["/bin/sh", "-c"]);
        const check = "python /usr/local/bots/scripts/healthcheck.py --config-dir /config --check startup";
        const set = 'python -c "$BACKUP_SCRIPT" make --before-migrations';
        assert.ok(script.includes(`\n${set}\n/entrypoint.sh init-db\n${check}\n`), script);
        assert.match(script, /cp \/config\/\* "\$kept\/"/);
        const checksum = spec.template.metadata.annotations["checksum/config"];
        assert.deepEqual(
            container.env.filter(({ name }: { name: string }) =>
                /^(DB_READ_TIMEOUT|CONFIG_CHECKSUM|BACKUP_WAIT)$/.test(name),
            ),
            [
                { name: "DB_READ_TIMEOUT", value: "300" },
                { name: "CONFIG_CHECKSUM", value: checksum },
                { name: "BACKUP_WAIT", value: "150" },
            ],
        );
        assert.deepEqual(spec.template.spec.volumes.slice(-3, -1), [
            { name: "config-backup", persistentVolumeClaim: { claimName: "bots-edi-config-pvc" } },
            { name: "backup", persistentVolumeClaim: { claimName: "bots-edi-backup-pvc" } },
        ]);
    });

    it("fails where the image's init-db does not say that it has failed", async () => {
        const [container] = find(await system(), "Job", "bots-db-init").inputs.spec.template.spec.containers;
        const script = container.command[2] as string;
        assert.deepEqual(runScript(script), { status: 0, stderr: "", kept: true });
        assert.deepEqual(runScript(script, { tables: 1 }), { status: 1, stderr: "", kept: false });
        const pending = runScript(script, { plan: "[X]  bots.0001_initial\n[ ]  bots.0002_more" });
        assert.deepEqual([pending.status, pending.kept], [1, false]);
        assert.match(pending.stderr, /Migrations that did not run:\n(.*\n)*\[ \] {2}bots\.0002_more/);
        assert.deepEqual(runScript(script, { asked: 2 }), { status: 2, stderr: "", kept: false });
    });

    it("says in one line that the image has no bots-engine, and initialises nothing", async () => {
        const [container] = find(await system(), "Job", "bots-db-init").inputs.spec.template.spec.containers;
        assert.deepEqual(runScript(container.command[2] as string, { engine: false }), {
            status: 1,
            stderr: "Nothing was initialised: the image has no bots-engine on its PATH\n",
            kept: false,
        });
    });

    it("makes the mount points inside the data volume first, as the user of Bots", async () => {
        const [container] = find(await system(), "Job", "bots-db-init").inputs.spec.template.spec.containers;
        const [, made] = container.command[2].split("\n");
        const points = [
            "/home/bots/.bots/env/default/config",
            "/home/bots/.bots/env/default/botssys/logging",
            "/tmp/candidate",
        ];
        assert.equal(made, `mkdir -p ${points.join(" ")}`);
        const mounts = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
        assert.deepEqual(mounts, ["/home/bots/.bots", "/config", "/tmp", "/config-backup", "/backup", "/exchange"]);
    });

    it("deadlineSeconds: 1800 met the provider's 600 s: Pulumi waits for longer than Kubernetes does", async () => {
        const made = await system({ databaseInit: { deadlineSeconds: 1800 } });
        const { inputs, timeouts } = find(made, "Job", "bots-db-init");
        assert.equal(inputs.spec.activeDeadlineSeconds, 1800);
        assert.deepEqual(timeouts, { create: "2100s", update: "2100s" });
    });

    it("is made anew at every change, deleted first", async () => {
        const { replaceOnChanges, deleteBeforeReplace } = find(await system(), "Job", "bots-db-init");
        assert.deepEqual([replaceOnChanges, deleteBeforeReplace], [["*"], true]);
    });

    it("runs again when the image or the configuration changes", async () => {
        const template = async (settings: Parameters<typeof system>[0]) =>
            JSON.stringify(find(await system(settings), "Job", "bots-db-init").inputs.spec.template);
        const before = await template({});
        assert.notEqual(await template({ imageTag: "4.1" }), before);
        assert.notEqual(await template({ logLevel: "DEBUG" }), before);
        assert.equal(await template({ webserver: { replicas: 2 } }), before);
    });
});
