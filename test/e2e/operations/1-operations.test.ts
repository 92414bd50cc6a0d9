/** What operators do, on a real cluster: the sandbox's own stack, and stacks that cannot be deployed. */
import assert from "node:assert/strict";
import { Command } from "commander";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse, stringify } from "yaml";
import { addOperations } from "../../../operations/commands";
import { manifestsOf } from "../../../operations/manifests";
import { type Settings } from "../../../settings";
import { stackSettings } from "../../../operations/stackSettings";
import { waitUntil } from "../../../operations/wait";
import { copyIn, inWebserver, NAMESPACE } from "../../../sandbox/bots";
import { kubectl, tryKubectl } from "../../../sandbox/cluster/kubectl";
import { checkout as ROOT, kubeconfigPath } from "../../../sandbox/paths";
import { pulumiFolder } from "../../../sandbox/stack";
import { admit, dismiss, putCredentials } from "../pulumi/externalDatabase";
import { copyCheckout } from "../pulumi/copyCheckout";
import { TestNamespace } from "../namespace";
import { sandbox } from "../sandbox/command";
import { called, type Call, ops, startOps } from "./ops";

const BOTSSYS = "/home/bots/.bots/env/default/botssys";
const SAMPLE = "/tmp/bots-edi-sample";
const CLIENT = "localhost/bots-edi-mariadb:10.11";
const PASSWORD = "Korrekt-Pferd-Batterie";

/** Runs a command on the sandbox's stack; it has to succeed. */
async function succeed(...args: string[]): Promise<string> {
    const { code, text } = await ops([...args, "--stack", "sandbox"]);
    assert.equal(code, 0, text);
    return text;
}

/** Runs a command that has to fail with one line. */
async function fail(message: RegExp, args: readonly string[], call: Call = {}): Promise<void> {
    const { code, text } = await ops(args, call);
    assert.equal(code, 1, text);
    const [line = "", ...more] = text.trim().split("\n");
    assert.deepEqual(more, []);
    assert.match(line, message);
}

const inDjango = (code: string, ...args: string[]) => {
    const start = "import sys; sys.path.insert(0, '/config'); import django; django.setup()\n";
    return inWebserver(["env", "DJANGO_SETTINGS_MODULE=settings", "python", "-c", start + code, ...args]);
};

const hasPassword = (name: string, password: string) =>
    inDjango(
        "from django.contrib.auth import authenticate\nprint(authenticate(username=sys.argv[1], password=sys.argv[2]))",
        name,
        password,
    );

/** Runs one of the stack's Jobs, as an update does, and returns its log. */
async function runJobOfStack(name: string, container: string, changes: Partial<Settings> = {}): Promise<string> {
    const here = ["-n", NAMESPACE];
    const manifests = await manifestsOf("sandbox", { ...stackSettings(ROOT, "sandbox"), ...changes });
    const manifest = manifests.find(({ kind, metadata }) => kind === "Job" && metadata.name === name);
    await kubectl(["delete", "job", name, ...here, "--ignore-not-found"]);
    await kubectl(["create", "-f", "-"], { input: JSON.stringify(manifest) });
    await kubectl(["wait", `job/${name}`, ...here, "--for=condition=complete", "--timeout=180s"]);
    return kubectl(["logs", `job/${name}`, ...here, "-c", container]);
}

describe("npm run ops", () => {
    before("the sandbox's stack runs", async function () {
        this.timeout("45m");
        const { code, text } = await sandbox();
        assert.equal(code, 0, text);
    });
    after("its Secret is no longer as Pulumi made it", () => sandbox("destroy"));

    describe("day by day", () => {
        it("shows what runs, and that all is well", async () => {
            const text = await succeed("status");
            assert.match(text, /deployment\.apps\/bots-webserver/);
            assert.match(text, /^Checks {5}all pass$/m);
            assert.match(text, /^Image {6}localhost\/bots-edi:3\.3\.1$/m);
        });

        it("says with exit code 3 that not all is well", async () => {
            const queue = ["deployment/bots-jobqueue", "-n", NAMESPACE];
            const scale = (replicas: number) => kubectl(["scale", ...queue, `--replicas=${replicas}`]);
            const setImage = (image: string) => kubectl(["set", "image", ...queue, `*=${image}`]);
            await scale(0);
            const gone = ["wait", "pod", "-l", "component=jobqueue", "-n", NAMESPACE, "--for=delete", "--timeout=90s"];
            await kubectl(gone, { timeout: 100 });
            try {
                await setImage("localhost/none:1");
                await scale(1);
                const { code, text } = await ops(["status", "--stack", "sandbox"]);
                assert.equal(code, 3, text);
                assert.match(text, /^Pods {7}not all are ready: bots-jobqueue$/m);
            } finally {
                await setImage("localhost/bots-edi:3.3.1");
                await scale(1);
                await kubectl(["rollout", "status", ...queue, "--timeout=120s"], { timeout: 130 });
            }
        });

        it("shows what the containers take, also where there is no metrics server", async () => {
            const text = await succeed("top");
            assert.match(text, /^bots-webserver-\S+ +webserver +\d+m of 1 \(\d+ %\) +\d+Mi of 1Gi \(\d+ %\)$/m);
            assert.match(text, /\/home\/bots\/\.bots$/m);
        });

        it("runs the engine, one route too, shows its log once, and again", async () => {
            const text = await succeed("engine", "--routeid", "sample_order");
            assert.equal(text.match(/Bots Report; type: new/g)?.length, 1, text);
            assert.match(await succeed("logs", "engine"), /Bots Report/);
            assert.match(await succeed("logs", "webserver"), /webserver/);
            await fail(/^ops: the Job bots-engine-manual-\d+ failed: .*: there is no active route nowhere; /, [
                ...["engine", "--routeid", "nowhere", "--stack", "sandbox"],
            ]);
        });

        it("makes a user, and gives one a new password only where that is said", async () => {
            const user = ["superuser", "eve", "--stack", "sandbox"];
            await inDjango("from django.contrib.auth.models import User; User.objects.filter(username='eve').delete()");
            await fail(/^ops: Nothing was changed: password: This password is too short/, user, { input: "short" });
            const made = await ops([...user, "--email", "eve@example.com"], { input: `${PASSWORD}\n` });
            assert.equal(made.text, "User eve is made\n");
            assert.equal(await hasPassword("eve", PASSWORD), "eve\n");
            await fail(/^ops: Nothing was changed: there is a user eve already; --new-password/, user, { input: "x" });
            const { text } = await ops([...user, "--new-password"], { input: `${PASSWORD}2` });
            assert.equal(text, "User eve has a new password\n");
            assert.equal(await hasPassword("eve", `${PASSWORD}2`), "eve\n");
        });

        it("refuses what it does not know, before it touches anything", async () => {
            await fail(/^ops: there is no stack nowhere: .*; takes dev \| /, ["status", "--stack", "nowhere"]);
            await fail(/^ops: stack dev is not on this cluster \(context bots-edi-sandbox\): .*edi-dev/, [
                ...["engine", "--stack", "dev"],
            ]);
            await fail(/^ops: required option '--stack <stack>' not specified/, ["status"]);
            await fail(/^ops: unknown command 'frobnicate'/, ["frobnicate"]);
            await fail(/^ops: there is no key to rotate; takes database \| django-key$/, [
                "rotate",
                "key",
                "--stack",
                "sandbox",
            ]);
            await fail(
                /^ops: nothing was changed: there is nothing to adopt: the stack has these objects in its state/,
                [...["adopt", "--stack", "sandbox", "--yes"]],
            );
            await fail(/^ops: there is nothing to migrate: no Deployment bots-edi in namespace edi; /, [
                ...["migrate", "--stack", "sandbox", "--yes"],
            ]);
            await fail(/^ops: the cluster does not answer: /, ["top", "--stack", "sandbox"], {
                kubeconfig: "/nowhere",
            });
        });
        after(() => {
            called.delete("frobnicate");
        });
    });

    describe("a first user from a Secret", () => {
        const job = () => runJobOfStack("bots-superuser", "superuser", { superuserSecret: "first-user" });
        const secret = (password: string) => [
            ...[
                "create",
                "secret",
                "generic",
                "first-user",
                "-n",
                NAMESPACE,
                "--from-literal=SUPERUSER_USERNAME=first",
            ],
            ...["--from-literal=SUPERUSER_EMAIL=first@example.com", `--from-literal=SUPERUSER_PASSWORD=${password}`],
        ];
        const remove = () => tryKubectl(["delete", "secret", "first-user", "-n", NAMESPACE]);
        before(remove);
        after(remove);

        it("is made once, and stays as it is", async () => {
            await inDjango(
                "from django.contrib.auth.models import User; User.objects.filter(username='first').delete()",
            );
            await kubectl(secret(PASSWORD));
            assert.equal(await job(), "User first is made\n");
            await remove();
            await kubectl(secret(`${PASSWORD}2`));
            assert.equal(await job(), "User first is there already, and stays as it is\n");
            assert.equal(await hasPassword("first", PASSWORD), "first\n");
        });
    });

    describe("backup and restore", () => {
        const rows = () =>
            inDjango(`from django.db import connection
for table in sorted(connection.introspection.table_names()):
    if table in ("django_session", "uniek"): continue
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table}")
        print(table, sorted(cursor.fetchall(), key=repr))`);
        const files = () =>
            inWebserver([
                ...["sh", "-c"],
                "cd /home/bots/.bots && find env -type f ! -path '*/config/*' ! -path '*/logging/*' ! -name engine.lock ! -path '*/__pycache__/*' -exec sha256sum {} + | sort -k 2",
            ]);
        const destroy = async () => {
            await inDjango(`from django.db import connection
with connection.constraint_checks_disabled(), connection.cursor() as cursor:
    for table in connection.introspection.table_names(): cursor.execute(f"DROP TABLE {table}")`);
            await inWebserver([
                "sh",
                "-c",
                `rm -rf ${BOTSSYS}/data ${BOTSSYS}/infile ${BOTSSYS}/outfile ${BOTSSYS}/held /home/bots/.bots/env/default/usersys`,
            ]);
        };
        const sent = async () =>
            Number(await inWebserver(["sh", "-c", `ls ${BOTSSYS}/outfile/sample 2>/dev/null | wc -l`]));
        const drop = async () => {
            await copyIn(join(ROOT, "sandbox", "sample"), SAMPLE);
            await inWebserver(["python", `${SAMPLE}/load.py`, "--drop"]);
            // Each order has an output of its own, so that a second delivery shows.
            await inDjango(
                "from bots.models import channel; channel.objects.filter(idchannel='sample_out').update(filename='*.csv')",
            );
        };
        const made = (text: string) => /Saved \/backup\/(\d{8}T\d{6}Z): /.exec(text)?.[1] ?? assert.fail(text);
        let set: string;

        before("the schedule is off, so that nothing runs by itself", () => suspend(true));
        after(() => suspend(false));
        const suspend = async (isOff: boolean) => {
            await kubectl([
                "patch",
                "cronjob/bots-engine",
                "-n",
                NAMESPACE,
                "-p",
                JSON.stringify({ spec: { suspend: isOff } }),
            ]);
        };

        it("makes a set, and tells of it", async () => {
            await inWebserver(["sh", "-c", `rm -f ${BOTSSYS}/outfile/sample/*`]);
            await drop();
            set = made(await succeed("backup"));
            const text = await succeed("backups", "--check");
            assert.match(
                text,
                new RegExp(
                    `^${set} {2}by hand {2}stack sandbox {2}Bots 3\\.3\\.1 {2}mysql .* 1 waiting {2}whole$`,
                    "m",
                ),
            );
        });

        it("refuses what does not fit, in one line", async () => {
            await fail(/^ops: yesterday is no set; takes a name such as /, [
                "restore",
                "yesterday",
                "--stack",
                "sandbox",
            ]);
            await fail(/^ops: .* failed: Nothing was changed: the system is in use: .*; --replace makes a set of it/, [
                ...["restore", set, "--stack", "sandbox"],
            ]);
        });

        it("brings back what was destroyed: rows and bytes identical", async () => {
            const [before, bytes] = [await rows(), await files()];
            await destroy();
            assert.match(await succeed("restore", set, "--put-waiting"), /^Restored \/backup\//m);
            assert.equal(await rows(), before);
            assert.equal(await files(), bytes);
            await succeed("engine");
            assert.equal(await sent(), 1);
        });

        it("sends no order twice that was sent since the set was made", async () => {
            await destroy();
            assert.match(
                await succeed("restore", set),
                /^1 files waited when the set was made, and may have been sent/m,
            );
            await succeed("engine");
            assert.equal(await sent(), 0);
            assert.match(await succeed("restore", set, "--release"), /^1 files were put back$/m);
            await succeed("engine");
            assert.equal(await sent(), 1);
        });

        it("makes a set of the database by itself before migrations change it", async () => {
            // A migration that may run twice.
            await inDjango(
                "from django.db.migrations.recorder import MigrationRecorder; MigrationRecorder.Migration.objects.filter(app='auth').latest('id').delete()",
            );
            const before = made(await runJobOfStack("bots-db-init", "db-init"));
            assert.match(await succeed("backups"), new RegExp(`^${before} {2}before migrations {2}`, "m"));
            assert.match(
                await runJobOfStack("bots-db-init", "db-init"),
                /^No migration changes tables that are in use/m,
            );
        });

        it("saves a running system before it replaces it", async () => {
            assert.match(await succeed("restore", set, "--replace"), /^Saved \/backup\//m);
            assert.match(await succeed("backups"), /before a restore/);
            assert.match(await succeed("status"), /^Checks {5}all pass$/m);
        });
    });

    describe("preflight", () => {
        const OTHER = "edi-preflight";
        let checkout: string;
        const left = async () =>
            (
                await kubectl(["get", "pods,configmaps,pvc", "-n", NAMESPACE, "-l", "bots-edi/preflight", "-o", "name"])
            ).trim();
        /** A stack in the copy of the checkout: the sandbox's, with the database elsewhere, and some changes. */
        const configure = (stack: string, changes: Record<string, unknown>) => {
            const { config } = parse(readFileSync(join(ROOT, "Pulumi.sandbox.yaml"), "utf8")) as {
                config: Record<string, unknown>;
            };
            delete config["bots-edi:database"];
            const settings = Object.entries(changes).map(([key, value]) => [`bots-edi:${key}`, value]);
            writeFileSync(
                join(checkout, `Pulumi.${stack}.yaml`),
                stringify({ config: { ...config, ...(Object.fromEntries(settings) as object) } }),
            );
        };
        /** The state of a stack like the sandbox's, on another cluster. */
        const writeState = (folder: string, stack: string) => {
            const stacks = join(".pulumi", "stacks", "bots-edi");
            const state = readFileSync(join(pulumiFolder, stacks, "sandbox.json"), "utf8")
                .replaceAll("urn:pulumi:sandbox::", `urn:pulumi:${stack}::`)
                .replaceAll(/("(?:in|out)put": ?")[-0-9a-f]{36}"/g, '$1elsewhere"');
            mkdirSync(join(folder, stacks), { recursive: true });
            writeFileSync(join(folder, stacks, `${stack}.json`), state);
        };
        before(async () => {
            checkout = mkdtempSync(join(tmpdir(), "bots-edi-checkout-"));
            copyCheckout(checkout);
            await new TestNamespace(OTHER).create();
            await admit(OTHER);
        });
        after(async () => {
            rmSync(checkout, { recursive: true, force: true });
            await dismiss(OTHER);
            await new TestNamespace(OTHER).delete();
        });

        it("finds nothing against a stack that is deployed, and leaves nothing behind", async () => {
            const text = await succeed("preflight");
            assert.match(text, /^0 fatal, 0 warnings, \d+ fine$/m);
            assert.match(text, /^ok {5}the cluster, \S+, is the stack's$/m);
            assert.match(text, /written by two pods/);
            assert.match(text, /the image of the database's client, .*, has mariadb-dump$/m);
            await waitUntil("the scratch objects to go", async () => (await left()) === "", { timeout: 60 });
        });

        it("tells everything at once of one that cannot be, each with what to do", async () => {
            configure("broken", {
                namespace: OTHER,
                createNamespace: "false",
                imageTag: "3.3.1",
                storageClass: "nowhere",
                tlsSecret: "absent",
                ingress: { host: "edi.example.com", className: "nowhere" },
                imageUpdater: {},
                imagePullSecret: "absent-too",
                backup: { clientImage: "localhost/none:1" },
            });
            await putCredentials(OTHER, { DB_PASSWORD: "wrong", DJANGO_SECRET_KEY: "" });
            const quota = ["create", "quota", "small", "-n", OTHER, "--hard=requests.memory=600Mi"];
            await kubectl(quota);
            const states = mkdtempSync(join(tmpdir(), "bots-edi-states-"));
            writeState(states, "broken");
            const { code, text } = await ops(["preflight", "--stack", "broken"], { checkout, states });
            rmSync(states, { recursive: true });
            assert.equal(code, 1);
            for (const finding of [
                /FATAL {2}the cluster is another one .* uid [-0-9a-f]+, not elsewhere .*\n +-> set KUBECONFIG/,
                /FATAL {2}storageclass nowhere is not there\n +-> set storageClass to one of sandbox-shared/,
                /FATAL {2}ingressclass nowhere is not there\n +-> /,
                /FATAL {2}the cluster knows no Sensor of argoproj\.io\/v1alpha1\n +-> install Argo Events/,
                /FATAL {2}Secret absent is not in namespace edi-preflight\n +-> /,
                /FATAL {2}Secret absent-too is not in namespace/,
                /FATAL {2}Secret bots-edidb-secret lacks DJANGO_SECRET_KEY\n +-> /,
                /FATAL {2}ResourceQuota small has requests\.memory 600Mi, the stack needs \d+\n +-> raise it/,
                /FATAL {2}the database: .*(DJANGO_SECRET_KEY|Access denied)/,
                /FATAL {2}the image of the database's client, localhost\/none:1: .*\n +-> set backup\.clientImage/,
            ]) {
                assert.match(text, finding);
            }
            await kubectl(["delete", "quota", "small", "-n", OTHER]);
            assert.doesNotMatch(text, /wrong/);
        });

        it("logs in with the Secret's credentials, and says what keeps it out", async () => {
            configure("closed", { namespace: OTHER, createNamespace: "false", backup: { clientImage: CLIENT } });
            await putCredentials(OTHER, { DB_PASSWORD: "wrong" });
            const { code, text } = await ops(["preflight", "--stack", "closed"], { checkout });
            assert.equal(code, 1);
            assert.match(text, /FATAL {2}the database: .*Access denied.*\n +-> mend DB_USER, DB_PASSWORD/);
            assert.match(text, /^1 fatal, /m);
        });

        it("names the rights that are missing", async () => {
            await kubectl(["create", "serviceaccount", "deployer", "-n", OTHER]);
            await kubectl([
                ...["create", "rolebinding", "deployer", "-n", OTHER, "--clusterrole=view"],
                `--serviceaccount=${OTHER}:deployer`,
            ]);
            const token = (await kubectl(["create", "token", "deployer", "-n", OTHER])).trim();
            const kubeconfig = join(checkout, "kubeconfig");
            const content = parse(readFileSync(kubeconfigPath, "utf8")) as { users: { user: object }[] };
            for (const one of content.users) one.user = { token };
            writeFileSync(kubeconfig, stringify(content), { mode: 0o600 });
            const { code, text } = await ops(["preflight", "--stack", "closed"], { checkout, kubeconfig });
            assert.equal(code, 1);
            assert.match(
                text,
                /FATAL {2}whoever deploys may not create, patch, delete deployments\.apps in namespace edi-preflight\n +-> /,
            );
            assert.match(
                text,
                /FATAL {2}whoever deploys may not get, list, watch, create, patch, delete roles\.rbac\.\S+ in namespace/,
            );
        });

        it("removes what it made when it is stopped by Ctrl-C", async () => {
            const child = await startOps(["preflight", "--stack", "sandbox"]);
            const ended = once(child, "close");
            await waitUntil("a scratch pod", async () => (await left()).includes("pod/"), { timeout: 120 });
            process.kill(-(child.pid ?? assert.fail()), "SIGINT");
            await ended;
            await sleep(500);
            await waitUntil("the scratch objects to go", async () => (await left()) === "", { timeout: 60 });
        });
    });

    describe("rotating", () => {
        let checkout: string;
        before(() => {
            checkout = mkdtempSync(join(tmpdir(), "bots-edi-checkout-"));
            copyCheckout(checkout);
            // The same system, its Secret as one that is not Pulumi's; and another stack in the same place.
            const { config } = parse(readFileSync(join(ROOT, "Pulumi.sandbox.yaml"), "utf8")) as {
                config: Record<string, unknown>;
            };
            delete config["bots-edi:database"];
            for (const stack of ["sandbox", "other"]) {
                writeFileSync(join(checkout, `Pulumi.${stack}.yaml`), stringify({ config }));
            }
        });
        after(() => {
            rmSync(checkout, { recursive: true, force: true });
        });
        const password = async () =>
            (
                JSON.parse(await kubectl(["get", "secret", "bots-edidb-secret", "-n", NAMESPACE, "-o", "json"])) as {
                    data: Record<string, string>;
                }
            ).data;

        it("gives the database a new password, and everything works with it", async () => {
            const before = await password();
            const { code, text } = await ops(["rotate", "database", "--stack", "sandbox"], { checkout });
            assert.equal(code, 0, text);
            assert.match(text, /^The database has the new password\nThe database's password is new\.$/m);
            const after = await password();
            assert.notEqual(after.DB_PASSWORD, before.DB_PASSWORD);
            assert.deepEqual({ ...after, DB_PASSWORD: "" }, { ...before, DB_PASSWORD: "" });
            await succeed("engine");
            assert.match(await succeed("status"), /^Checks {5}all pass$/m);
        });

        it("goes on with the value of a rotation that was cut off", async () => {
            const before = await password();
            const begun = { ...before, DJANGO_SECRET_KEY_NEXT: Buffer.from("begun").toString("base64") };
            const patch = JSON.stringify({ data: begun });
            await kubectl(["patch", "secret", "bots-edidb-secret", "-n", NAMESPACE, "--type=merge", "-p", patch]);
            const { code, text } = await ops(["rotate", "django-key", "--stack", "sandbox"], { checkout });
            assert.equal(code, 0, text);
            assert.deepEqual(await password(), { ...before, DJANGO_SECRET_KEY: begun.DJANGO_SECRET_KEY_NEXT });
        });

        it("changes nothing of another stack's", async () => {
            const before = await password();
            await fail(
                /^ops: stack other is not on this cluster .*: it has stack sandbox in namespace edi; take/,
                [...["rotate", "database", "--stack", "other"]],
                { checkout },
            );
            assert.deepEqual(await password(), before);
        });
    });

    describe("all commands", () => {
        it("has no command that is not run here", () => {
            const program = addedTo(new Command());
            assert.deepEqual(
                [...called].filter(Boolean).sort(),
                program.commands.map((command) => command.name()).sort(),
            );
        });
    });
});

function addedTo(program: Command): Command {
    addOperations(program, () => assert.fail());
    return program;
}
