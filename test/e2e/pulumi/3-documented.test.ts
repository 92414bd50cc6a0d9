/** Every `pulumi` command of README.md and docs/, run as it stands there, and what the text says of it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { kubectl, tryKubectl } from "../../../sandbox/cluster/kubectl";
import { pulumiFolder } from "../../../sandbox/stack";
import { callsPulumi, commands } from "../../docs/commands";
import { admit, putCredentials } from "./externalDatabase";
import { says, saysNothingOf, Scenes } from "./scenes";
import { provideSurroundings, removeSurroundings } from "./surroundings";
import { Terminal } from "./terminal";
import { ran, read, removeNamespace, ROOT } from "./testStack";

/** The stacks' namespaces. */
const DEV = "edi-dev";
const STAGING = "edi-staging";
const PROD = "edi";

interface Deployment {
    readonly spec: {
        readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } };
    };
}

interface Autoscaler {
    readonly spec: { readonly minReplicas: number; readonly maxReplicas: number };
}

interface Data {
    readonly data: Readonly<Record<string, string>>;
}

/** A resource as `pulumi preview --import-file` writes it. */
interface Importable {
    readonly type: string;
    readonly name: string;
    readonly parent?: string;
}

interface Identified {
    readonly metadata: { readonly uid: string };
}

const base64 = (text: string) => Buffer.from(text).toString("base64");

function documented(): string[] {
    const files = readdirSync(join(ROOT, "docs")).map((name) => join("docs", name));
    return ["README.md", ...files].flatMap((file) => commands(readFileSync(join(ROOT, file), "utf8")));
}

describe("the documentation's pulumi commands", () => {
    let terminal: Terminal;
    const scenes = new Scenes(() => terminal);

    it("have a scene each, and no scene has another command than the text", () => {
        const text = documented();
        const ofPulumi = (all: string[]) => [...new Set(all.filter(callsPulumi))].sort();
        assert.deepEqual(ofPulumi(scenes.statements), ofPulumi(text));
        assert.deepEqual(
            scenes.statements.filter((statement) => !text.includes(statement)),
            [],
        );
    });

    describe("on the sandbox", function () {
        this.timeout("10m");
        let madeSandboxStack = false;
        let claim: string;
        let job: string;

        before(async () => {
            for (const namespace of [DEV, STAGING, PROD]) {
                const { code } = await tryKubectl(["get", "namespace", namespace]);
                assert.notEqual(code, 0, `namespace ${namespace} is in use: npm run sandbox -- destroy, or delete it`);
            }
            terminal = await Terminal.open();
            await provideSurroundings();
        });
        after(async () => {
            // Unset where the namespaces are somebody else's.
            if ((terminal as Terminal | undefined) === undefined) return;
            terminal.close();
            if (madeSandboxStack) rmSync(pulumiFolder, { recursive: true, force: true });
            await Promise.all([DEV, STAGING, PROD].map(removeNamespace));
            await removeSurroundings();
        });

        /** What the text leaves to the reader. */
        const reader = (script: string) => async () => {
            await terminal.succeed(script);
        };
        /** So many pods serve; one whose probe was late on a busy machine may come back. */
        const available = async (namespace: string, deployment: string, pods: number) => {
            const condition = `--for=jsonpath={.status.availableReplicas}=${pods}`;
            await kubectl(["wait", `deployment/${deployment}`, "-n", namespace, condition, "--timeout=60s"]);
        };
        const configuration = async (name: string) => (await read<Data>(PROD, `configmap/bots-config-${name}`)).data;
        const uid = async (what: string) => (await read<Identified>(PROD, what)).metadata.uid;
        const exists = async (namespace: string, what: string) =>
            (await tryKubectl(["get", what, "-n", namespace])).code === 0;
        const runsImage = (tag: string) => async () => {
            for (const name of ["bots-webserver", "bots-jobqueue"]) {
                const { spec } = await read<Deployment>(PROD, `deployment/${name}`);
                assert.equal(spec.template.spec.containers[0]?.image, `harbor.pminc.me/priv/bots-edi:${tag}`);
                await available(PROD, name, 1);
            }
        };
        /** The external database of the other stacks is that of stack dev. */
        const database = (namespace: string) => async () => {
            await putCredentials(namespace, {}, DEV);
            await admit(namespace, DEV);
        };

        scenes.add(
            "deploy a first stack",
            "pulumi login",
            "pulumi stack init dev",
            () => {
                assert.match(terminal.read("Pulumi.dev.yaml"), /^encryptionsalt: /m);
                // Every minute is much for a machine that does all of this.
                terminal.configure("dev", { engine: { suspend: true } });
            },
            "pulumi preview",
            says(/\+ \d+ to create\n/),
            saysNothingOf(/to (update|delete|replace)/),
            "pulumi up",
        );

        scenes.add(
            "deploy staging by hand",
            reader(`pulumi stack init staging && kubectl create namespace ${STAGING}`),
            database(STAGING),
            "pulumi up --stack staging --policy-pack policy",
            async () => {
                await available(STAGING, "bots-webserver", 2);
                await kubectl(["delete", "namespace", STAGING, "--wait=false"]);
            },
        );

        scenes.add(
            "preview prod, held against the policy pack",
            "kubectl create namespace edi",
            database(PROD),
            "pulumi stack init prod",
            () => {
                assert.match(terminal.read("Pulumi.prod.yaml"), /^encryptionsalt: /m);
            },
            "pulumi preview --stack prod --policy-pack policy",
            says(/Policies:\n[^]*\+ \d+ to create\n/),
            "npm run pulumi -- preview --stack prod --policy-pack policy",
            says(/^Pulumi 3\.\d+\.\d+, on the PATH$/m),
            "pulumi preview --diff --policy-pack policy",
            says(/\+ kubernetes:apps\/v1:Deployment: \(create\)/),
            "pulumi preview --import-file import.json",
            () => {
                const { resources } = JSON.parse(terminal.read("import.json")) as { resources: Importable[] };
                const found = resources.find(({ name }) => name === "bots-edi-storage-data");
                assert.deepEqual(
                    [found?.type, found?.parent],
                    ["kubernetes:core/v1:PersistentVolumeClaim", "bots-edi-storage"],
                );
            },
        );

        scenes.add(
            "adopt claims by an import",
            async () => {
                const items = Object.entries({ data: "20Gi", logs: "5Gi", config: "1Gi" }).map(([volume, storage]) => ({
                    apiVersion: "v1",
                    kind: "PersistentVolumeClaim",
                    metadata: { name: `bots-edi-${volume}-pvc`, namespace: PROD },
                    spec: {
                        accessModes: ["ReadWriteMany"],
                        storageClassName: "t1-shiva-nfs",
                        resources: { requests: { storage } },
                    },
                }));
                await kubectl(["apply", "-f", "-"], {
                    input: JSON.stringify({ apiVersion: "v1", kind: "List", items }),
                });
                claim = await uid("pvc/bots-edi-data-pvc");
                // An update that fails with "already exists" leaves these in the state. This provider, older than 4.29, would
                // take the claims over.
                const urns = [
                    "pulumi:providers:kubernetes::cluster",
                    "bots-edi:index:BotsEdi::bots-edi",
                    "bots-edi:index:BotsEdi$kubernetes:core/v1:NamespacePatch::bots-edi",
                    "bots-edi:index:BotsEdi$bots-edi:index:Storage::bots-edi-storage",
                ];
                const targets = urns.map((urn) => `--target 'urn:pulumi:prod::bots-edi::${urn}'`);
                await terminal.succeed(`pulumi up --stack prod ${targets.join(" ")}`);
            },
            "pulumi stack select prod",
            String.raw`stack='urn:pulumi:prod::bots-edi'
for volume in data logs config; do
  pulumi import kubernetes:core/v1:PersistentVolumeClaim "bots-edi-storage-$volume" "edi/bots-edi-$volume-pvc" \
--parent "storage=$stack::bots-edi:index:BotsEdi\$bots-edi:index:Storage::bots-edi-storage" \
--provider "cluster=$stack::pulumi:providers:kubernetes::cluster" \
--generate-code=false --yes
done`,
            "pulumi preview --diff",
            says(/~ kubernetes:core\/v1:PersistentVolumeClaim: \(update\)[^]*\+ +app\.kubernetes\.io\/name/),
            saysNothingOf(/replace/),
        );

        scenes.add(
            "deploy prod with the claims that it has",
            "pulumi up --stack prod --policy-pack policy",
            async () => {
                assert.equal(await uid("pvc/bots-edi-data-pvc"), claim);
            },
            runsImage("4.0"),
            "pulumi stack output namespace",
            says(new RegExp(`^${PROD}$`, "m")),
        );

        scenes.add(
            "compare with the cluster as it is",
            "pulumi preview --diff",
            saysNothingOf(/to (create|update|delete|replace)/),
            "pulumi preview --refresh --stack prod",
            reader(`kubectl label service bots-webserver -n ${PROD} component=other --overwrite`),
            { script: "pulumi preview --refresh --diff", fails: /conflict with "kubectl-label"/ },
            says(/component *: "other" => "webserver"/),
            "PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh",
            async () => {
                const labels = [
                    "get",
                    "service",
                    "bots-webserver",
                    "-n",
                    PROD,
                    "-o",
                    "jsonpath={.metadata.labels.component}",
                ];
                assert.equal(await kubectl(labels), "webserver");
            },
        );

        scenes.add(
            "bump the image, and take it back",
            "pulumi config set imageTag 4.1 --stack prod",
            () => {
                assert.match(terminal.read("Pulumi.prod.yaml"), /^ {2}bots-edi:imageTag: "4\.1"$/m);
            },
            "pulumi config set imageTag 4.1",
            "pulumi preview --diff",
            says(/batch\/v1:Job: \(replace\)/),
            says(/apps\/v1:Deployment: \(update\)[^]*apps\/v1:Deployment: \(update\)/),
            says(/batch\/v1:CronJob: \(update\)/),
            "pulumi up",
            runsImage("4.1"),
            "pulumi config set imageTag 4.0 && pulumi up",
            runsImage("4.0"),
        );

        scenes.add(
            "keep an image that the Sensor has rolled out",
            async () => {
                const image = "harbor.pminc.me/priv/bots-edi:4.0.13";
                for (const workload of [
                    "deployment/bots-webserver",
                    "deployment/bots-jobqueue",
                    "cronjob/bots-engine",
                ]) {
                    await kubectl(["set", "image", workload, "-n", PROD, `*=${image}`, "--field-manager=argo-sensor"]);
                }
            },
            `kubectl get deployment bots-webserver -n edi -o jsonpath='{.spec.template.spec.containers[0].image}{"\\n"}'`,
            says(/^harbor\.pminc\.me\/priv\/bots-edi:4\.0\.13$/m),
            "pulumi preview --refresh --diff",
            says(/"harbor\.pminc\.me\/priv\/bots-edi:4\.0\.13" => "harbor\.pminc\.me\/priv\/bots-edi:4\.0"/),
            "pulumi config set imageTag 4.0.13",
            "pulumi up --refresh",
            runsImage("4.0.13"),
        );

        scenes.add(
            "set what the engine, a directory monitor, mail and partners need",
            'pulumi config set --path engine.schedule "@hourly"',
            `pulumi config set --path engine.schedule '*/10 * * * *'`,
            "pulumi config set --path 'engine.routes[0]' orders",
            reader(
                `kubectl exec -n ${PROD} deployment/bots-webserver -- mkdir -p /home/bots/.bots/env/default/botssys/infile/orders`,
            ),
            "pulumi config set --path 'jobqueue.directoryMonitors[0].path' /home/bots/.bots/env/default/botssys/infile/orders",
            "pulumi config set --path 'jobqueue.directoryMonitors[0].route' orders",
            "pulumi config set --path env.ADMIN_EMAIL edi@example.com",
            "pulumi config set --path env.SERVER_EMAIL bots@example.com",
            "pulumi config set --path env.EMAIL_HOST mail.example.com",
            "pulumi config set --path env.EMAIL_PORT 587",
            "pulumi config set --path --type string env.EMAIL_USE_TLS true",
            "pulumi config set --path env.EMAIL_HOST_USER bots",
            { script: "pulumi config set --secret --path secretEnv.EMAIL_HOST_PASSWORD", input: "mail-password\n" },
            "pulumi config set --path botsIni.settings.sendreportiferror true",
            "pulumi config set --path botsIni.settings.maxdays 60",
            "pulumi config set --path botsIni.webserver.environment_text ACCEPTANCE",
            "pulumi config set --path 'networkPolicy.egress[0].cidr' 198.51.100.7/32",
            "pulumi config set --path 'networkPolicy.egress[0].ports[0]' 22",
            "pulumi up",
            async () => {
                const engine = await kubectl(["get", "cronjob", "bots-engine", "-n", PROD, "-o", "json"]);
                const { spec } = JSON.parse(engine) as { spec: { schedule: string } };
                assert.equal(spec.schedule, "*/10 * * * *");
                assert.match(engine, /"args":\s*\[\s*"engine",\s*"--new",\s*"orders"\s*\]/);
                const jobqueue = await kubectl(["get", "deployment", "bots-jobqueue", "-n", PROD, "-o", "json"]);
                assert.match(jobqueue, /"name": "dirmonitor"/);
                const ini = (await configuration("ini"))["bots.ini"] ?? "";
                for (const line of [
                    /^sendreportiferror *= *True$/m,
                    /^maxdays *= *60$/m,
                    /^environment_text *= *ACCEPTANCE$/m,
                ]) {
                    assert.match(ini, line);
                }
                assert.match(ini, /^\[dirmonitor1\]\npath = \/home[^]*^route = orders$/m);
                const { EMAIL_PORT, EMAIL_USE_TLS, EMAIL_HOST_PASSWORD } = await configuration("env");
                assert.deepEqual([EMAIL_PORT, EMAIL_USE_TLS, EMAIL_HOST_PASSWORD], ["587", "true", undefined]);
                const { data } = await read<Data>(PROD, "secret/bots-edi-secret-env");
                assert.deepEqual(data, { EMAIL_HOST_PASSWORD: base64("mail-password") });
                assert.match(
                    await kubectl(["get", "networkpolicies", "-n", PROD, "-o", "json"]),
                    /"198\.51\.100\.7\/32"/,
                );
            },
        );

        scenes.add(
            "set a secret variable, log level and time zone",
            { script: "pulumi config set --secret --path secretEnv.NAME", input: "first\n" },
            { script: "pulumi config set --secret --path secretEnv.NAME && pulumi up", input: "second\n" },
            async () => {
                const { data } = await read<Data>(PROD, "secret/bots-edi-secret-env");
                assert.equal(data.NAME, base64("second"));
            },
            "pulumi config set logLevel DEBUG && pulumi up",
            "pulumi config set timeZone Europe/Amsterdam && pulumi up",
            async () => {
                const { LOG_LEVEL, TZ } = await configuration("env");
                assert.deepEqual([LOG_LEVEL, TZ], ["DEBUG", "Europe/Amsterdam"]);
            },
        );

        scenes.add(
            "suspend the engine, and start it again",
            "pulumi config set --path engine.suspend true && pulumi up",
            async () => {
                const { spec } = await read<{ spec: { suspend: boolean } }>(PROD, "cronjob/bots-engine");
                assert.equal(spec.suspend, true);
            },
            "pulumi config set --path engine.suspend false && pulumi up",
            async () => {
                const { spec } = await read<{ spec: { suspend: boolean } }>(PROD, "cronjob/bots-engine");
                assert.equal(spec.suspend, false);
            },
        );

        scenes.add(
            "let Prometheus in, with alerts and a dashboard, and enlarge a volume",
            "pulumi config set --path networkPolicy.monitoringNamespace monitoring",
            "pulumi config set --path monitoring.serviceMonitor true",
            "pulumi config set --path monitoring.rules true",
            "pulumi config set --path monitoring.dashboard true",
            "pulumi config set --path monitoring.labels.release kube-prometheus-stack",
            "pulumi up",
            async () => {
                assert.match(await kubectl(["get", "networkpolicies", "-n", PROD, "-o", "json"]), /"monitoring"/);
                const selected = ["-l", "release=kube-prometheus-stack", "-o", "name"];
                const found = await kubectl(["get", "servicemonitors,prometheusrules", "-n", PROD, ...selected]);
                assert.equal(found.trim().split("\n").length, 2, found);
            },
            "pulumi config set --path storage.data 40Gi && pulumi up",
            async () => {
                const path = "jsonpath={.spec.resources.requests.storage}";
                assert.equal(await kubectl(["get", "pvc", "bots-edi-data-pvc", "-n", PROD, "-o", path]), "40Gi");
            },
        );

        scenes.add(
            "initialise the database again although nothing changed",
            async () => {
                job = await uid("job/bots-db-init");
            },
            "pulumi up --replace 'urn:pulumi:prod::bots-edi::bots-edi:index:BotsEdi$bots-edi:index:DatabaseInit$kubernetes:batch/v1:Job::bots-edi-db-init'",
            async () => {
                assert.notEqual(await uid("job/bots-db-init"), job);
            },
        );

        scenes.add(
            "free a stack whose update was killed",
            async () => {
                const child = terminal.start("pulumi up");
                const ended = ran(child);
                const locks = join(terminal.backend, ".pulumi", "locks");
                const isLocked = () =>
                    existsSync(locks) &&
                    readdirSync(locks, { recursive: true }).some((file) => String(file).endsWith(".json"));
                while (!isLocked()) {
                    assert.equal(child.exitCode, null);
                    await sleep(20);
                }
                process.kill(-(child.pid ?? 0), "SIGKILL");
                await ended;
            },
            { script: "pulumi up", fails: /currently locked by 1 lock/ },
            "pulumi cancel",
            "pulumi refresh --clear-pending-creates",
            "pulumi up",
        );

        scenes.add(
            "write the stack's state and read it back",
            "pulumi stack export --file prod-state.json",
            () => {
                const kept = terminal.read("prod-state.json");
                for (const text of ["mail-password", base64("mail-password")]) assert.ok(!kept.includes(text));
            },
            "pulumi stack import --file prod-state.json",
            "pulumi stack export --show-secrets",
            (said) => {
                assert.ok(said.includes(base64("mail-password")));
            },
            "pulumi preview --diff",
            saysNothingOf(/to (create|update|delete|replace)/),
        );

        scenes.add(
            "copy the stack for another cluster",
            "pulumi stack init prod2 --copy-config-from prod",
            "pulumi config set --path engine.suspend true",
            () => {
                assert.match(terminal.read("Pulumi.prod2.yaml"), /suspend: true$[^]*bots-edi:imageTag: 4\.0\.13$/m);
            },
            // Its `pulumi up` needs that cluster.
            "pulumi preview",
            says(/\+ \d+ to create\n/),
            "pulumi stack select prod",
        );

        scenes.add(
            "scale the web server, by number or by load",
            "pulumi config set --path webserver.replicas 3 && pulumi up",
            () => available(PROD, "bots-webserver", 3),
            "pulumi config rm --path webserver.replicas",
            "pulumi config set --path webserver.autoscaling.minReplicas 2",
            "pulumi config set --path webserver.autoscaling.maxReplicas 5",
            "pulumi up",
            async () => {
                const { spec } = await read<Autoscaler>(PROD, "horizontalpodautoscaler/bots-webserver");
                assert.deepEqual([spec.minReplicas, spec.maxReplicas], [2, 5]);
            },
        );

        scenes.add(
            "destroy a stack with its data",
            { script: "pulumi destroy", fails: /cannot be deleted|protected/ },
            async () => {
                assert.ok(await exists(PROD, "deployment/bots-webserver"));
            },
            "pulumi config set protectData false",
            "pulumi up",
            "pulumi destroy",
            async () => {
                for (const what of ["deployment/bots-webserver", "pvc/bots-edi-data-pvc", "cronjob/bots-engine"]) {
                    assert.equal(await exists(PROD, what), false, what);
                }
                assert.ok(await exists(PROD, "secret/bots-edidb-secret"));
            },
            "pulumi config rm protectData",
        );

        scenes.add(
            "rotate generated credentials",
            String.raw`pulumi stack select dev
pulumi up
password='urn:pulumi:dev::bots-edi::bots-edi:index:BotsEdi$bots-edi:index:Credentials$random:index/randomPassword:RandomPassword::bots-edi-credentials-database-password'
pulumi state unprotect "$password" --yes
pulumi up --replace "$password"
new=$(kubectl get secret bots-edidb-secret -n edi-dev -o jsonpath='{.data.DB_PASSWORD}' | base64 -d)
kubectl exec -i -n edi-dev statefulset/bots-db -- \
  sh -c 'exec mariadb -u"$MARIADB_USER" -p"$MARIADB_PASSWORD"' <<< "SET PASSWORD = PASSWORD('$new');"
kubectl rollout restart statefulset bots-db -n edi-dev
kubectl rollout restart deployment bots-webserver bots-jobqueue -n edi-dev`,
            async () => {
                for (const what of ["statefulset/bots-db", "deployment/bots-webserver"]) {
                    await kubectl(["rollout", "status", what, "-n", DEV, "--timeout=180s"]);
                }
            },
        );

        scenes.add("destroy a stack but for its data", "pulumi destroy --exclude-protected", async () => {
            for (const what of ["deployment/bots-webserver", "statefulset/bots-db"]) {
                assert.equal(await exists(DEV, what), false, what);
            }
            for (const what of ["pvc/bots-edi-data-pvc", "secret/bots-edidb-secret"])
                assert.ok(await exists(DEV, what));
        });

        scenes.add(
            "run without a Pulumi of one's own, on the sandbox's stack too",
            "npm run pulumi --",
            says(/Usage:/),
            "npm run pulumi -- version",
            says(/^v3\.\d+\.\d+/m),
            async () => {
                if (existsSync(pulumiFolder)) return;
                madeSandboxStack = true;
                // It makes the stack's state, and deploys nothing: it ends with 2 for what `up` would do.
                const { code, text } = await terminal.run("npm run sandbox -- preview");
                assert.equal(code, 2, text);
            },
            `export PULUMI_BACKEND_URL=file:///var/lib/bots-edi-sandbox/pulumi
export PULUMI_CONFIG_PASSPHRASE_FILE=/var/lib/bots-edi-sandbox/pulumi/passphrase
npm run pulumi -- stack history --stack sandbox`,
        );
    });
});
