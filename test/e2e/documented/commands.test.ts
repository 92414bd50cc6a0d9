/** Every `pulumi` command of README.md and docs/, run as it stands there, and what the text says of it. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { waitUntil } from "../../../operations/wait";
import { checkout } from "../../../sandbox/paths";
import { pulumiFolder } from "../../../sandbox/stack";
import { callsPulumi, commands } from "../../docs/commands";
import { TestNamespace } from "../namespace";
import { admit, putCredentials } from "../pulumi/externalDatabase";
import { says, saysNothingOf, Scenes } from "./scenes";
import { provideSurroundings, removeSurroundings } from "../pulumi/surroundings";
import { Terminal } from "../pulumi/terminal";
import { ran } from "../pulumi/workplace";

/** The stacks' namespaces. */
const dev = new TestNamespace("edi-dev");
const staging = new TestNamespace("edi-staging");
const prod = new TestNamespace("edi");
const namespaces = [dev, staging, prod];

interface Data {
    readonly data: Readonly<Record<string, string>>;
}

/** A resource as `pulumi preview --import-file` writes it. */
interface Importable {
    readonly type: string;
    readonly name: string;
    readonly parent?: string;
}

/** The URN of db-init's Job, as somebody types it. */
const INIT =
    "'urn:pulumi:prod::bots-edi::bots-edi:index:BotsEdi$bots-edi:index:DatabaseInit$kubernetes:batch/v1:Job::bots-edi-db-init'";

const base64 = (text: string) => Buffer.from(text).toString("base64");

function documented(): string[] {
    const files = readdirSync(join(checkout, "docs")).map((name) => join("docs", name));
    return ["README.md", ...files].flatMap((file) => commands(readFileSync(join(checkout, file), "utf8")));
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
            for (const namespace of namespaces) {
                const isThere = await namespace.has(`namespace/${namespace.name}`);
                assert.ok(!isThere, `namespace ${namespace.name} is in use: npm run sandbox -- destroy, or delete it`);
            }
            terminal = await Terminal.open();
            await provideSurroundings();
        });
        after(async () => {
            // Unset where the namespaces are somebody else's.
            if ((terminal as Terminal | undefined) === undefined) return;
            terminal.remove();
            if (madeSandboxStack) rmSync(pulumiFolder, { recursive: true, force: true });
            await Promise.all(namespaces.map((namespace) => namespace.delete()));
            await removeSurroundings();
        });

        /** What the text leaves to the reader. */
        const reader = (script: string) => async () => {
            await terminal.succeed(script);
        };
        /** So many pods serve; one whose probe was late on a busy machine may come back. */
        const available = (namespace: TestNamespace, deployment: string, pods: number) => async () => {
            const condition = `--for=jsonpath={.status.availableReplicas}=${pods}`;
            await namespace.kubectl("wait", `deployment/${deployment}`, condition, "--timeout=60s");
        };
        /** A value of an object in prod is this one. */
        const is = (what: string, path: string, expected: string) => async () => {
            assert.equal(await prod.value(what, path), expected, `${what}${path}`);
        };
        const data = async (what: string) => (await prod.get<Data>(what)).data;
        const uid = (what: string) => prod.value(what, ".metadata.uid");
        /** A namespace has these objects, or none of them. */
        const has =
            (namespace: TestNamespace, expected: boolean, ...objects: string[]) =>
            async () => {
                for (const what of objects) assert.equal(await namespace.has(what), expected, what);
            };
        const runsImage = (tag: string) => async () => {
            for (const name of ["bots-webserver", "bots-jobqueue"]) {
                const image = `harbor.pminc.me/priv/bots-edi:${tag}`;
                await is(`deployment/${name}`, ".spec.template.spec.containers[0].image", image)();
                await available(prod, name, 1)();
            }
        };
        /** The external database of the other stacks is that of stack dev. */
        const database =
            ({ name }: TestNamespace) =>
            async () => {
                await putCredentials(name, {}, dev.name);
                await admit(name, dev.name);
            };
        /** `pulumi stack init` has made a key. */
        const hasKey = (stack: string) => () => {
            assert.match(terminal.read(`Pulumi.${stack}.yaml`), /^encryptionsalt: /m);
        };

        scenes.add(
            "deploy a first stack",
            "pulumi login",
            "pulumi stack init dev",
            hasKey("dev"),
            () => {
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
            reader(`pulumi stack init staging && kubectl create namespace ${staging.name}`),
            database(staging),
            "pulumi up --stack staging --policy-pack policy",
            available(staging, "bots-webserver", 2),
            async () => {
                await staging.kubectl("delete", "namespace", staging.name, "--wait=false");
            },
        );

        scenes.add(
            "preview prod, held against the policy pack",
            "kubectl create namespace edi",
            database(prod),
            "pulumi stack init prod",
            hasKey("prod"),
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
                    metadata: { name: `bots-edi-${volume}-pvc` },
                    spec: {
                        accessModes: ["ReadWriteMany"],
                        storageClassName: "t1-shiva-nfs",
                        resources: { requests: { storage } },
                    },
                }));
                await prod.apply(...items);
                claim = await uid("pvc/bots-edi-data-pvc");
                // An update that fails with "already exists" leaves these in the state. This provider, older than 4.29, would
                // take the claims over.
                const urns = [
                    "pulumi:providers:kubernetes::cluster",
                    "bots-edi:index:BotsEdi::bots-edi",
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
            saysNothingOf(/\(replace\)/),
        );

        scenes.add(
            "deploy prod with the claims that it has",
            "pulumi up --stack prod --policy-pack policy",
            async () => {
                assert.equal(await uid("pvc/bots-edi-data-pvc"), claim);
            },
            runsImage("4.0"),
            "pulumi stack output namespace",
            says(/^edi$/m),
        );

        scenes.add(
            "compare with the cluster as it is",
            "pulumi preview --diff",
            saysNothingOf(/to (create|update|delete|replace)/),
            "pulumi preview --refresh --stack prod",
            reader("kubectl label service bots-webserver -n edi component=other --overwrite"),
            { script: "pulumi preview --refresh --diff", fails: /conflict with "kubectl-label"/ },
            says(/component *: "other" => "webserver"/),
            "PULUMI_K8S_ENABLE_PATCH_FORCE=true pulumi up --refresh",
            is("service/bots-webserver", ".metadata.labels.component", "webserver"),
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
            `pulumi config set --stack prod imageTag "4.0@$(kubectl get pods -n edi -l component=webserver -o jsonpath='{.items[0].status.containerStatuses[0].imageID}' | sed 's/.*@//')"`,
            () => {
                assert.match(
                    terminal.read("Pulumi.prod.yaml"),
                    /^ {2}bots-edi:imageTag: "?4\.0@sha256:[0-9a-f]{64}"?$/m,
                );
            },
            "pulumi config set imageTag 4.0 && pulumi up",
            runsImage("4.0"),
        );

        scenes.add(
            "keep an image that the Sensor has rolled out",
            async () => {
                const image = "harbor.pminc.me/priv/bots-edi:4.0.13";
                for (const name of ["deployment/bots-webserver", "deployment/bots-jobqueue", "cronjob/bots-engine"]) {
                    await prod.kubectl("set", "image", name, `*=${image}`, "--field-manager=argo-sensor");
                }
            },
            `pulumi config set imageTag "$(kubectl get deployment bots-webserver -n edi -o jsonpath='{.spec.template.spec.containers[0].image}' | sed 's/.*://')"`,
            "pulumi preview --refresh --diff",
            saysNothingOf(/bots-edi:4\.0\.13" => /),
            "pulumi up --refresh",
            runsImage("4.0.13"),
        );

        scenes.add(
            "set what the engine, a directory monitor, mail and partners need",
            'pulumi config set --path engine.schedule "@hourly"',
            `pulumi config set --path engine.schedule '*/10 * * * *'`,
            "pulumi config set --path 'engine.routes[0]' orders",
            reader(
                "kubectl exec -n edi deployment/bots-webserver -- mkdir -p /home/bots/.bots/env/default/botssys/infile/orders",
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
            is("cronjob/bots-engine", ".spec.schedule", "*/10 * * * *"),
            is(
                "cronjob/bots-engine",
                ".spec.jobTemplate.spec.template.spec.containers[0].args",
                '["engine","--new","orders"]',
            ),
            is("deployment/bots-jobqueue", ".spec.template.spec.containers[*].name", "jobqueue dirmonitor"),
            async () => {
                const ini = (await data("configmap/bots-config-ini"))["bots.ini"] ?? "";
                for (const line of [
                    /^sendreportiferror *= *True$/m,
                    /^maxdays *= *60$/m,
                    /^environment_text *= *ACCEPTANCE$/m,
                    /^\[dirmonitor1\]\npath = \/home[^]*^route = orders$/m,
                ]) {
                    assert.match(ini, line);
                }
                const { EMAIL_PORT, EMAIL_USE_TLS, EMAIL_HOST_PASSWORD } = await data("configmap/bots-config-env");
                assert.deepEqual([EMAIL_PORT, EMAIL_USE_TLS, EMAIL_HOST_PASSWORD], ["587", "true", undefined]);
                const secrets = await data("secret/bots-edi-secret-env");
                assert.deepEqual(secrets, { EMAIL_HOST_PASSWORD: base64("mail-password") });
                assert.match(await prod.kubectl("get", "networkpolicies", "-o", "json"), /"198\.51\.100\.7\/32"/);
            },
        );

        scenes.add(
            "set a secret variable, log level and time zone",
            { script: "pulumi config set --secret --path secretEnv.NAME", input: "first\n" },
            { script: "pulumi config set --secret --path secretEnv.NAME && pulumi up", input: "second\n" },
            is("secret/bots-edi-secret-env", ".data.NAME", base64("second")),
            "pulumi config set logLevel DEBUG && pulumi up",
            "pulumi config set timeZone Europe/Amsterdam && pulumi up",
            is("configmap/bots-config-env", ".data.LOG_LEVEL", "DEBUG"),
            is("configmap/bots-config-env", ".data.TZ", "Europe/Amsterdam"),
        );

        scenes.add(
            "suspend the engine, and start it again",
            "pulumi config set --path engine.suspend true && pulumi up",
            is("cronjob/bots-engine", ".spec.suspend", "true"),
            "pulumi config set --path engine.suspend false && pulumi up",
            is("cronjob/bots-engine", ".spec.suspend", "false"),
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
                assert.match(await prod.kubectl("get", "networkpolicies", "-o", "json"), /"monitoring"/);
                const selected = ["-l", "release=kube-prometheus-stack", "-o", "name"];
                const found = await prod.kubectl("get", "servicemonitors,prometheusrules", ...selected);
                assert.equal(found.trim().split("\n").length, 2, found);
            },
            "pulumi config set --path storage.data 40Gi && pulumi up",
            is("pvc/bots-edi-data-pvc", ".spec.resources.requests.storage", "40Gi"),
        );

        scenes.add(
            "initialise the database again although nothing changed",
            async () => {
                job = await uid("job/bots-db-init");
            },
            `pulumi up --replace ${INIT}`,
            async () => {
                assert.notEqual(await uid("job/bots-db-init"), job);
            },
        );

        scenes.add(
            "free a stack whose update was killed",
            async () => {
                const child = terminal.begin("pulumi up");
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
            "PULUMI_K8S_UPSERT_EXISTING_OBJECTS=true pulumi up",
            "pulumi up",
        );

        scenes.add(
            "take over a db-init whose update was killed",
            async () => {
                const { stdout: earlier } = await prod.tryKubectl(["get", "job/bots-db-init", "-o", "name"]);
                if (earlier !== "") await prod.kubectl("delete", earlier.trim(), "--cascade=foreground");
                const child = terminal.begin(`pulumi up --replace ${INIT}`);
                const ended = ran(child);
                const isBegun = async () => {
                    assert.equal(child.exitCode, null, "the update has ended");
                    return prod.has("job/bots-db-init");
                };
                await waitUntil("db-init to begin", isBegun, { timeout: 120, interval: 100 });
                process.kill(-(child.pid ?? 0), "SIGKILL");
                await ended;
                job = await uid("job/bots-db-init");
            },
            "pulumi cancel",
            "pulumi refresh --clear-pending-creates",
            "PULUMI_K8S_UPSERT_EXISTING_OBJECTS=true pulumi up",
            "pulumi up",
            async () => {
                assert.equal(await uid("job/bots-db-init"), job);
            },
        );

        scenes.add(
            "write the stack's state and read it back",
            "pulumi stack export --file prod-state.json",
            () => {
                const kept = terminal.read("prod-state.json");
                for (const text of ["mail-password", base64("mail-password")]) assert.ok(!kept.includes(text));
            },
            "pulumi stack import --file prod-state.json",
            "pulumi stack export",
            says(/::cluster-kube-system"/),
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
            available(prod, "bots-webserver", 3),
            "pulumi config rm --path webserver.replicas",
            "pulumi config set --path webserver.autoscaling.minReplicas 2",
            "pulumi config set --path webserver.autoscaling.maxReplicas 5",
            "pulumi up",
            is("horizontalpodautoscaler/bots-webserver", ".spec.minReplicas", "2"),
            is("horizontalpodautoscaler/bots-webserver", ".spec.maxReplicas", "5"),
        );

        scenes.add(
            "destroy a stack with its data",
            { script: "pulumi destroy", fails: /cannot be deleted|protected/ },
            has(prod, true, "deployment/bots-webserver", "pvc/bots-edi-data-pvc"),
            "pulumi config set protectData false",
            "pulumi up",
            "pulumi destroy",
            has(prod, false, "deployment/bots-webserver", "pvc/bots-edi-data-pvc", "cronjob/bots-engine"),
            has(prod, true, "secret/bots-edidb-secret"),
            "pulumi config rm protectData",
        );

        scenes.add(
            "rotate generated credentials",
            "npm run ops -- rotate database --stack dev",
            says(/^The database has the new password$/m),
            async () => {
                await dev.kubectl("rollout", "status", "deployment/bots-webserver", "--timeout=180s");
            },
        );

        scenes.add(
            "destroy a stack but for its data",
            async () => {
                await terminal.succeed("pulumi stack select dev");
            },
            "pulumi destroy --exclude-protected",
            has(dev, false, "deployment/bots-webserver", "statefulset/bots-db"),
            has(dev, true, "pvc/bots-edi-data-pvc", "secret/bots-edidb-secret-candidate"),
        );

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
            `export PULUMI_BACKEND_URL='file:///var/lib/bots-edi-sandbox/pulumi?metadata=skip'
export PULUMI_CONFIG_PASSPHRASE_FILE=/var/lib/bots-edi-sandbox/pulumi/passphrase
npm run pulumi -- stack history --stack sandbox`,
        );
    });
});
