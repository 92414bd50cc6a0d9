import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BotsEdi } from "../../../components/botsEdi";
import { parseSettings } from "../../../settings";
import { find, system } from "../../support/find";
import { record } from "../../support/recorder";

/** What the stand-ins for the image's programs end with; by default 0. */
interface Image {
    /** `check.py`. */
    readonly checked?: number;
    /** `backup.py make --before-migrations`. */
    readonly saved?: number;
    /** `healthcheck.py --check startup`. */
    readonly tables?: number;
    /** `migrations.py`. */
    readonly migrated?: number;
    /** Seconds that init-db takes. */
    readonly seconds?: number;
    /** Seconds ago that the first try began. */
    readonly began?: number;
    /** Whether it has bots-engine. */
    readonly engine?: boolean;
}

/** Runs the Job's script in a folder in place of the root. The image's init-db ends with 0 whatever happened, as the user's does. */
function runScript(script: string, image: Image = {}) {
    const { checked = 0, saved = 0, tables = 0, migrated = 0, seconds = 0, began, engine = true } = image;
    const root = mkdtempSync(join(tmpdir(), "bots-edi-init-"));
    const program = (path: string, body: string) => {
        writeFileSync(join(root, path), `#!/bin/sh\n${body}\n`);
        chmodSync(join(root, path), 0o755);
    };
    try {
        for (const folder of ["bin", "config", "tmp"]) mkdirSync(join(root, folder));
        for (const file of ["bots.ini", "settings.py"]) writeFileSync(join(root, "config", file), file);
        if (began !== undefined)
            writeFileSync(join(root, "tmp", "started"), String(Math.floor(Date.now() / 1000) - began));
        program("entrypoint.sh", `echo begun > ${join(root, "begun")}; sleep ${seconds}`);
        if (engine) program("bin/bots-engine", "exit 0");
        const answers = {
            "config/check.py": checked,
            "make --before-migrations": saved,
            healthcheck: tables,
            "config/migrations.py": migrated,
        };
        const cases = Object.entries(answers).map(([part, code]) => `*"${part}"*) exit ${code} ;;`);
        program("bin/python", `case "$*" in ${cases.join(" ")} esac; exit 9`);
        const here = script.replace(
            /(^|[\s"=])\/(entrypoint\.sh|config-backup|config|backup|home|logs|tmp)/gm,
            `$1${root}/$2`,
        );
        const { status, stderr } = spawnSync("/bin/bash", ["-c", here], {
            env: { PATH: `${join(root, "bin")}:/usr/bin:/bin`, CONFIG_CHECKSUM: "abc", BACKUP_SCRIPT: "" },
            encoding: "utf8",
            // Not a socket, at which bash takes itself for a remote shell's.
            stdio: ["ignore", "pipe", "pipe"],
        });
        return {
            status,
            stderr,
            begun: existsSync(join(root, "begun")),
            kept: existsSync(join(root, "config-backup", "abc", "bots.ini")),
        };
    } finally {
        rmSync(root, { recursive: true });
    }
}

const init = async (settings: Parameters<typeof system>[0] = {}) =>
    find(await system(settings), "Job", "bots-db-init").inputs.spec.template;

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
        assert.deepEqual([shell, flag], ["/bin/bash", "-c"]);
        const steps = script.split("\n").filter((line: string) => /python|entrypoint/.test(line));
        assert.deepEqual(steps.slice(1), [
            'python -c "$BACKUP_SCRIPT" make --before-migrations',
            "timeout $left /entrypoint.sh init-db",
            "python /usr/local/bots/scripts/healthcheck.py --config-dir /config --check startup",
            "python /config/migrations.py",
        ]);
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
        const script = (await init()).spec.containers[0].command[2] as string;
        assert.deepEqual(runScript(script), { status: 0, stderr: "", begun: true, kept: true });
        assert.deepEqual(runScript(script, { tables: 1 }), { status: 1, stderr: "", begun: true, kept: false });
        assert.deepEqual(runScript(script, { migrated: 1 }), { status: 1, stderr: "", begun: true, kept: false });
    });

    it("says in one line that the image has no bots-engine, and initialises nothing", async () => {
        const script = (await init()).spec.containers[0].command[2] as string;
        assert.deepEqual(runScript(script, { engine: false }), {
            status: 1,
            stderr: "Nothing was initialised: the image has no bots-engine on its PATH\n",
            begun: false,
            kept: false,
        });
    });

    it("touches no database where the configuration is refused, or no set can be made of it before migrations", async () => {
        const script = (await init()).spec.containers[0].command[2] as string;
        for (const image of [{ checked: 1 }, { saved: 1 }]) {
            assert.deepEqual(runScript(script, image), { status: 1, stderr: "", begun: false, kept: false });
        }
    });

    it("has the mount points inside the data volume made first, as the user of Bots, and every volume written to", async () => {
        const [container] = (await init()).spec.containers;
        const places = [
            "/home/bots/.bots/env/default/config",
            "/home/bots/.bots/env/default/botssys/logging",
            "/logs",
            "/config-backup",
            "/backup",
        ];
        assert.ok(container.command[2].includes(`\npython /config/check.py ${places.join(" ")}\n`));
        const mounts = container.volumeMounts.map(({ mountPath }: { mountPath: string }) => mountPath);
        assert.deepEqual(mounts, [
            "/home/bots/.bots",
            "/config",
            "/tmp",
            "/logs",
            "/config-backup",
            "/backup",
            "/exchange",
        ]);
    });

    it("reads the candidate alone", async () => {
        const { spec } = await init({ database: {}, secretEnv: { PIN: "1" } });
        const names = JSON.stringify(spec).match(/"bots-(config|edi)[a-z-]*"/g) ?? [];
        const read = [...new Set(names)].filter((name) => !name.endsWith('-pvc"')).sort();
        assert.deepEqual(read, [
            '"bots-config-env-candidate"',
            '"bots-config-ini-candidate"',
            '"bots-config-settings-candidate"',
            '"bots-edi-secret-env-candidate"',
            '"bots-edidb-secret-candidate"',
        ]);
    });

    it("replaced while it migrated, it was cut off after 30 s: its pod ends by itself, at its own deadline", async () => {
        const { spec } = await init({ databaseInit: { deadlineSeconds: 3 } });
        assert.equal(spec.terminationGracePeriodSeconds, 3);
        const script = spec.containers[0].command[2] as string;
        assert.deepEqual(runScript(script, { seconds: 30 }), { status: 124, stderr: "", begun: true, kept: false });
        assert.deepEqual(runScript(script, { began: 4 }), { status: 1, stderr: "", begun: false, kept: false });
    });

    it("deadlineSeconds: 1800 met the provider's 600 s: Pulumi waits for longer than Kubernetes does", async () => {
        const made = await system({ databaseInit: { deadlineSeconds: 1800 } });
        const { inputs, timeouts } = find(made, "Job", "bots-db-init");
        assert.equal(inputs.spec.activeDeadlineSeconds, 1800);
        assert.deepEqual(timeouts, { create: "2100s", update: "2100s", delete: "2100s" });
    });

    it("is made anew at every change, deleted first", async () => {
        const { replaceOnChanges, deleteBeforeReplace } = find(await system(), "Job", "bots-db-init");
        assert.deepEqual([replaceOnChanges, deleteBeforeReplace], [["*"], true]);
    });

    it("is made anew at other content alone while it is at work: it was replaced, and what it did began again", async () => {
        const program = () => new BotsEdi("bots-edi", { ...parseSettings({ imageTag: "4.0" }), isInitAtWork: true });
        const { replaceOnChanges, deleteBeforeReplace } = find(await record(program), "Job", "bots-db-init");
        assert.deepEqual([replaceOnChanges, deleteBeforeReplace], [["metadata", "spec"], true]);
    });

    it("has no second pod while an evicted one still migrates", async () => {
        const { spec } = find(await system(), "Job", "bots-db-init").inputs;
        assert.equal(spec.podReplacementPolicy, "Failed");
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
