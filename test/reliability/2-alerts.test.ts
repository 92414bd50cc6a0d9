/** A real Prometheus sees each alert fire on a real system, once what it tells of is really so, and stop when it is mended. */
import assert from "node:assert/strict";
import { chownSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { kubectl } from "../../sandbox/cluster/kubectl";
import { runningComponents } from "../../sandbox/cluster/supervise";
import { waitUntil } from "../../operations/wait";
import { provideSurroundings, removeSurroundings } from "../e2e/pulumi/surroundings";
import { TestNamespace } from "../e2e/namespace";
import { byExec, type Engine, WAYS } from "./engines";
import { Measured } from "./measured";
import { Orders } from "./orders";
import { Prometheus, type Rule } from "./prometheus";
import { SmallVolume } from "./smallVolume";
import { System } from "./system";

const NAMESPACE = "reliability-alerts";

/** What each rule's `for` is divided by: ten minutes are two and a half seconds. */
const SHORTEN = 240;

/** Seconds until an alert has to fire, or to stop: the kubelet looks at volumes once a minute. */
const LIMIT = 180;

const SETTINGS = {
    engine: {
        // It never comes: runs are started here.
        schedule: "0 0 1 1 *",
        suspend: true,
        deadlineSeconds: 60,
        // It has a turn a minute, and is late where the controllers stand still.
        schedules: [
            {
                name: "cleanup",
                schedule: "* * * * *",
                arguments: ["--cleanup"],
                deadlineSeconds: 60,
                startingDeadlineSeconds: 15,
            },
        ],
    },
    backup: { schedule: "0 0 1 1 *" },
    imageUpdater: {},
    networkPolicy: { monitoringNamespace: "monitoring" },
    monitoring: {
        serviceMonitor: true,
        rules: true,
        alertAfter: { runSeconds: 60, waitingSeconds: 15, backupSeconds: 30 },
    },
};

interface Sensor {
    readonly spec: {
        readonly triggers: { readonly template: { readonly k8s: { readonly source: { resource: PushJob } } } }[];
    };
}

interface PushJob {
    readonly spec: { readonly template: { readonly spec: { readonly containers: { image: string }[] } } };
}

/** Bots asks for the name of each file that it sends: while the gate is shut, the engine stands there and holds the lock. */
const GATE = `import os, time
def filename(channeldict, filename, ta, *args, **kwargs):
    while os.path.exists("GATE"):
        time.sleep(0.2)
    return filename
`;

describe("the alerts of a system", function () {
    this.timeout("20m");
    let system: System;
    let orders: Orders;
    let volume: SmallVolume;
    let prometheus: Prometheus;
    let rules: readonly Rule[];
    const begin = Date.now();
    const fired = new Map<string, string>();
    const measured = new Measured("alerts", ["Alert", "Provoked by", "Fired", "Stopped"]);

    before(async () => {
        await provideSurroundings();
        await new TestNamespace(NAMESPACE).delete();
        volume = await SmallVolume.of(NAMESPACE, "bots-edi-logs-pvc");
        system = await System.deploy("mariadb", NAMESPACE, SETTINGS);
        orders = await Orders.of(system, "alpha");
        const { spec } = await system.read<{ spec: { groups: { rules: Rule[] }[] } }>("prometheusrule/bots-edi");
        rules = spec.groups.flatMap((group) => group.rules);
        prometheus = await Prometheus.start(system, SHORTEN);
    });
    after(async () => {
        await (prometheus as Prometheus | undefined)?.stop();
        await (system as System | undefined)?.remove();
        await (volume as SmallVolume | undefined)?.remove();
        await removeSurroundings();
    });

    const becomes = async (names: readonly string[], isFiring: boolean) => {
        const are = async () => {
            const firing = await prometheus.firing();
            return names.every((name) => firing.has(name) === isFiring) || `fires: ${[...firing].join(" ")}`;
        };
        const what = `${names.join(", ")} to ${isFiring ? "fire" : "stop"}`;
        await waitUntil(what, are, { timeout: LIMIT, interval: 500 });
    };
    /** Waits until alerts fire that did not before. */
    const fire = async (provoked: string, ...names: string[]) => {
        await becomes(names, true);
        for (const name of names) fired.set(name, provoked);
        console.log(`        ${Math.round((Date.now() - begin) / 1000)} s: ${names.join(", ")} fire: ${provoked}`);
    };
    const stop = async (...names: string[]) => {
        await becomes(names, false);
        for (const name of names) await measured.add(name, fired.get(name) ?? "", "yes", "yes");
    };
    const quiet = async (...names: string[]) => {
        const firing = await prometheus.firing();
        assert.deepEqual(
            names.filter((name) => firing.has(name)),
            [],
        );
    };
    const scale = (what: string, replicas: number) => system.kubectl("scale", what, `--replicas=${replicas}`);
    const sql = (statement: string) => system.python("statement.py", statement);

    it("fires while the schedule is suspended, while there is no backup, and not once there is one", async () => {
        await quiet("BotsMetricsAbsent", "BotsDatabaseUnreachable", "BotsCheckFails", "BotsNoSuccessfulRun");
        await fire("engine.suspend", "BotsScheduleSuspended");
        await fire("no backup in 30 s", "BotsBackupTooOld");
        await system.kubectl("create", "job", "bots-config-backup-by-hand", "--from=cronjob/bots-config-backup");
        await stop("BotsBackupTooOld");
        await system.kubectl("patch", "cronjob/bots-engine", "-p", '{"spec":{"suspend":false}}');
        await stop("BotsScheduleSuspended");
    });

    it("fires where no run succeeded and where one has errors, until a run succeeds", async () => {
        await fire("no run yet", "BotsNoSuccessfulRun");
        mkdirSync(orders.inbox("alpha"), { recursive: true });
        writeFileSync(join(orders.inbox("alpha"), "no-order.edi"), "UNB+this is no order'");
        chownSync(join(orders.inbox("alpha"), "no-order.edi"), 10001, 10001);
        await assert.rejects((await WAYS.hand(system)).ended(), /failed/);
        await fire("a file that is no order", "BotsRunErrors", "BotsFilesFailed");
        await (await byExec(system)).ended();
        await stop("BotsNoSuccessfulRun");
    });

    it("fires for a volume, a check and metrics that fail, for what waits and for a run that hangs", async () => {
        await quiet(
            "BotsVolumeFull",
            "BotsCheckFails",
            "BotsMetricsIncomplete",
            "BotsFileWaiting",
            "BotsLockHeldTooLong",
            "BotsScheduleLate",
        );
        volume.fill(4);
        const gate = join(system.folder, "botssys", "gate");
        const scripts = join(system.folder, "usersys", "communicationscripts");
        writeFileSync(gate, "");
        mkdirSync(scripts, { recursive: true });
        writeFileSync(join(scripts, "alpha_out.py"), GATE.replace("GATE", "/home/bots/.bots/env/default/botssys/gate"));
        orders.put("alpha", 1);
        const hangs: Engine = await byExec(system);
        const isReceived = () => readdirSync(orders.inbox("alpha")).length === 0;
        await waitUntil("the engine to receive the order", isReceived, { timeout: 60 });
        orders.put("alpha", 1);
        await fire("an order that no run receives", "BotsFileWaiting");

        await sql("ALTER TABLE report RENAME TO report_away");
        await fire("table report away", "BotsMetricsIncomplete");
        await sql("ALTER TABLE report_away RENAME TO report");
        await stop("BotsMetricsIncomplete");

        const usersys = join(system.folder, "usersys");
        renameSync(usersys, `${usersys}-away`);
        // A file, since the next pod would make the folder anew.
        writeFileSync(usersys, "");
        await fire("folder usersys away", "BotsCheckFails");
        rmSync(usersys);
        renameSync(`${usersys}-away`, usersys);
        await stop("BotsCheckFails");

        const controllers = runningComponents().find(({ name }) => name === "kube-controller-manager");
        assert.ok(controllers);
        process.kill(controllers.pid, "SIGSTOP");
        try {
            await fire("Kubernetes' controllers stopped", "BotsScheduleLate");
        } finally {
            process.kill(controllers.pid, "SIGCONT");
        }
        await fire("an engine that hangs", "BotsLockHeldTooLong");
        rmSync(gate);
        await hangs.ended();
        await stop("BotsLockHeldTooLong", "BotsScheduleLate");
        await (await byExec(system)).ended();
        await stop("BotsFileWaiting");
        await fire("a volume with 4 of 64 MiB free", "BotsVolumeFull");
    });

    it("fires without the database, and without a webserver", async () => {
        await quiet("BotsDatabaseUnreachable", "BotsServiceAway", "BotsMetricsAbsent");
        await scale("statefulset/bots-db", 0);
        await fire("the database scaled to 0", "BotsDatabaseUnreachable");
        await scale("statefulset/bots-db", 1);
        await stop("BotsDatabaseUnreachable");
        await scale("deployment/bots-webserver", 0);
        await fire("the webserver scaled to 0", "BotsServiceAway", "BotsMetricsAbsent");
        await scale("deployment/bots-webserver", 1);
        await stop("BotsServiceAway", "BotsMetricsAbsent");
    });

    it("fires for a pushed image that was not rolled out, until its Job is deleted", async () => {
        await quiet("BotsImageNotRolledOut");
        // What the Sensor makes of a push, as it does on a cluster with Argo Events; this image is none of Bots.
        const sensor = await system.read<Sensor>("sensor", "-n", "argo-events", `bots-edi-image-updater-${NAMESPACE}`);
        const job = sensor.spec.triggers[0]?.template.k8s.source.resource;
        const [container] = job?.spec.template.spec.containers ?? [];
        assert.ok(job && container);
        container.image = "localhost/bots-edi-mariadb:10.11";
        const made = await kubectl(["create", "-f", "-", "-o", "name"], { input: JSON.stringify(job) });
        await fire("a pushed image that is none of Bots", "BotsImageNotRolledOut");
        await system.kubectl("delete", made.trim());
        await stop("BotsImageNotRolledOut");
    });

    it("was each seen", async () => {
        assert.deepEqual([...fired.keys()].sort(), rules.map(({ alert }) => alert).sort());
        for (const name of ["BotsRunErrors", "BotsFilesFailed", "BotsVolumeFull"]) {
            await measured.add(name, fired.get(name) ?? "", "yes", "not awaited");
        }
    });
});
