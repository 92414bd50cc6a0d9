import assert from "node:assert/strict";
import { SettingsInput } from "../../../settings";
import { find, Manifest, system } from "../../support/find";

describe("Ingress", () => {
    it("is the one of the spec: TLS, Traefik, to the webserver", async () => {
        const made = await system({ ingress: { host: "bots-edi.pminc.me" }, tlsSecret: "bots-edi-tls" });
        const { metadata, spec } = find(made, "Ingress", "bots-edi-ingress").inputs;
        assert.deepEqual(metadata.annotations, {
            "traefik.ingress.kubernetes.io/router.entrypoints": "websecure",
            "traefik.ingress.kubernetes.io/router.tls": "true",
            "pulumi.com/skipAwait": "true",
        });
        assert.deepEqual(spec, {
            ingressClassName: "traefik",
            tls: [{ hosts: ["bots-edi.pminc.me"], secretName: "bots-edi-tls" }],
            rules: [
                {
                    host: "bots-edi.pminc.me",
                    http: {
                        paths: [
                            {
                                path: "/",
                                pathType: "Prefix",
                                backend: { service: { name: "bots-webserver", port: { name: "http" } } },
                            },
                        ],
                    },
                },
            ],
        });
    });

    it("has cert-manager make the certificate where it names an issuer", async () => {
        const ingress = { host: "a.b", certificateIssuer: { name: "letsencrypt" } };
        const made = await system({ ingress, tlsSecret: "bots-edi-tls" });
        const { apiVersion, metadata, spec } = find(made, "Certificate", "bots-edi-ingress").inputs;
        assert.equal(apiVersion, "cert-manager.io/v1");
        assert.deepEqual(metadata.annotations, { "pulumi.com/skipAwait": "true" });
        assert.deepEqual(spec, {
            secretName: "bots-edi-tls",
            dnsNames: ["a.b"],
            issuerRef: { kind: "ClusterIssuer", name: "letsencrypt" },
        });
        const without = await system({ ingress: { host: "a.b" }, tlsSecret: "bots-edi-tls" });
        assert.ok(!without.some(({ inputs }) => inputs.kind === "Certificate"));
    });

    it("is awaited, and of another class, where the stack says so", async () => {
        const ingress = { host: "a.b", className: "internal", skipAwait: false };
        const { metadata, spec } = find(await system({ ingress }), "Ingress", "bots-edi-ingress").inputs;
        assert.deepEqual(metadata.annotations, {});
        assert.equal(spec.ingressClassName, "internal");
    });

    const annotations = async (ingress: Partial<SettingsInput["ingress"]>, tls = true) => {
        const made = await system({ ingress: { host: "a.b", skipAwait: false, ...ingress }, tls });
        return find(made, "Ingress", "bots-edi-ingress").inputs.metadata.annotations as Record<string, string>;
    };

    it("one annotation for cert-manager took Traefik's away: they are merged, and null removes one", async () => {
        const router = "traefik.ingress.kubernetes.io/router";
        const issuer = { "cert-manager.io/cluster-issuer": "letsencrypt" };
        assert.deepEqual(await annotations({ annotations: issuer }), {
            [`${router}.entrypoints`]: "websecure",
            [`${router}.tls`]: "true",
            ...issuer,
        });
        assert.deepEqual(await annotations({ annotations: { [`${router}.tls`]: null } }), {
            [`${router}.entrypoints`]: "websecure",
        });
    });

    it("ingress-nginx refused uploads over 1 MB and got Traefik's annotations: each class has its own", async () => {
        assert.deepEqual(await annotations({ className: "nginx" }), {
            "nginx.ingress.kubernetes.io/proxy-body-size": "100m",
            "nginx.ingress.kubernetes.io/proxy-read-timeout": "300",
            "nginx.ingress.kubernetes.io/proxy-send-timeout": "300",
        });
        assert.deepEqual(await annotations({ className: "haproxy" }), {
            "haproxy.org/timeout-server": "300s",
            "haproxy-ingress.github.io/timeout-server": "300s",
        });
        assert.deepEqual(await annotations({ className: "openshift-default" }), {
            "haproxy.router.openshift.io/timeout": "300s",
        });
        assert.deepEqual(await annotations({ className: "of-somebody" }), {});
    });

    it("tlsSecret was the only sign of TLS: tls is, with a Secret, with the controller's certificate, or without", async () => {
        const ingress = { host: "a.b" };
        const seen = async (settings: Partial<SettingsInput>) => {
            const made = await system(settings);
            const env = find(made, "ConfigMap", "bots-config-env").inputs.data as Record<string, string>;
            const [object] = made.filter(({ inputs }) => inputs.kind === "Ingress") as Manifest[];
            return [env.DJANGO_SECURE, env.CSRF_TRUSTED_ORIGINS, object?.inputs.spec.tls];
        };
        const secure = ["true", "https://a.b"];
        assert.deepEqual(await seen({ ingress }), [...secure, [{ hosts: ["a.b"] }]]);
        assert.deepEqual(await seen({ ingress, tlsSecret: "tls" }), [
            ...secure,
            [{ hosts: ["a.b"], secretName: "tls" }],
        ]);
        assert.deepEqual(await seen({ ingress, tls: false }), ["false", "http://a.b", undefined]);
        const port = "http://localhost:8080,http://127.0.0.1:8080";
        assert.deepEqual(await seen({}), ["false", port, undefined]);
        // Somebody else's way in, such as a Gateway.
        assert.deepEqual(await seen({ tls: true }), ["true", port, undefined]);
        assert.deepEqual(await annotations({}, false), { "traefik.ingress.kubernetes.io/router.entrypoints": "web" });
    });
});

describe("ImageUpdater", () => {
    it("a namespace of 41 characters made a label over 63: the name is bounded, and stays one a namespace", async () => {
        const named = async (namespace: string) => {
            const made = await system({ namespace, imageUpdater: {} });
            const [sensor] = made.filter(({ inputs }) => inputs.kind === "Sensor") as Manifest[];
            return sensor.inputs.metadata.name as string;
        };
        assert.equal(await named("e".repeat(40)), `bots-edi-image-updater-${"e".repeat(40)}`);
        const [one, other] = [await named("e".repeat(41)), await named("e".repeat(42))];
        for (const name of [one, other]) assert.match(name, /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
        assert.notEqual(one, other);
    });

    const SENSOR = "bots-edi-image-updater-edi";
    const UPDATE = "bots-image-update";
    const sensorOf = async (settings: Parameters<typeof system>[0] = {}) =>
        find(await system({ imageUpdater: {}, ...settings }), "Sensor", SENSOR).inputs.spec;
    const jobOf = (spec: Manifest): Manifest => spec.triggers[0].template.k8s.source.resource;
    const containerOf = (spec: Manifest): Manifest => jobOf(spec).spec.template.spec.containers[0];
    const planOf = (spec: Manifest): Manifest =>
        JSON.parse(containerOf(spec).env.find(({ name }: Manifest) => name === "PLAN").value as string);

    it("Harbor's webhook in CloudEvents format did nothing: one Job is made of a push in either, with the pushed image", async () => {
        const made = await system({ imageUpdater: {} });
        const { metadata, spec } = find(made, "Sensor", SENSOR).inputs;
        assert.equal(metadata.namespace, "argo-events");
        assert.equal(spec.eventBusName, "default");
        assert.equal(spec.template.serviceAccountName, SENSOR);
        const [{ name, eventSourceName, eventName, filters }] = spec.dependencies;
        assert.deepEqual([eventSourceName, eventName], ["harbor", "push"]);
        assert.deepEqual(
            filters.data.map(({ path, value }: Manifest) => [path, ...(value as string[])]),
            [
                ["type", "^PUSH_ARTIFACT$", "^harbor\\.artifact\\.pushed$"],
                ["repository", "^priv/bots-edi$"],
                ["version", "^v?[0-9]+[.][0-9]+([.][0-9]+)?$"],
            ],
        );
        assert.equal(spec.triggers.length, 1);
        const [{ template, atLeastOnce }] = spec.triggers;
        assert.equal(atLeastOnce, true);
        assert.equal(template.k8s.operation, "create");
        assert.deepEqual(
            template.k8s.parameters.map(({ src, dest }: Manifest) => [src.dependencyName, src.dataTemplate, dest]),
            [
                [name, 'bots-image-update-{{ .Input.version | replace "." "-" }}-', "metadata.generateName"],
                [name, "harbor.pminc.me/priv/bots-edi:{{ .Input.version }}", "spec.template.spec.containers.0.image"],
                [name, "harbor.pminc.me/priv/bots-edi:{{ .Input.version }}", "spec.template.spec.containers.0.args.0"],
            ],
        );
    });

    it("an image rolled out before db-init ended job queue and engine where it failed: the Job is db-init, on the live configuration, and patches last", async () => {
        const made = await system({ imageUpdater: {}, databaseInit: { deadlineSeconds: 120 } });
        const { spec } = find(made, "Sensor", SENSOR).inputs;
        const { template, activeDeadlineSeconds } = jobOf(spec).spec;
        assert.equal(activeDeadlineSeconds, 120 + 600 + 600);
        const own = find(made, "Job", "bots-db-init").inputs.spec.template;
        const script = (pod: Manifest) => pod.spec.containers[0].command[2] as string;
        const initialising = script(own).replace("set -eu\n", "");
        const [before = "", after = ""] = script(template).split(initialising);
        assert.match(before, /^set -eu\n[^]*image_update\.py check "\$PLAN"/);
        assert.match(after, /image_update\.py roll-out "\$PLAN"\n$/);
        const configMaps = (pod: Manifest) =>
            pod.spec.volumes
                .find(({ name }: Manifest) => name === "config")
                .projected.sources.map(({ configMap }: Manifest) => configMap.name as string) as string[];
        assert.deepEqual(configMaps(template), ["bots-config-ini", "bots-config-settings"]);
        assert.deepEqual(configMaps(own), ["bots-config-ini-candidate", "bots-config-settings-candidate"]);
    });

    it("a tag pushed after a newer one, a pre-release and a debug image were rolled out: versions not older than imageTag, or the range that is given, are", async () => {
        const versions = async (settings: Parameters<typeof system>[0]) =>
            planOf(await sensorOf(settings)).versions as string;
        assert.equal(await versions({ imageTag: "4.0" }), ">=4.0");
        assert.equal(await versions({ imageTag: `v4.0.13@sha256:${"0".repeat(64)}` }), ">=v4.0.13");
        assert.equal(await versions({ imageTag: "main" }), ">=0");
        assert.equal(await versions({ imageUpdater: { versions: ">=4.0 <5" } }), ">=4.0 <5");
    });

    it("rolls the CronJob of each further schedule out too, last, and may", async () => {
        const made = await system({
            imageUpdater: {},
            engine: { schedules: [{ name: "night", schedule: "@daily" }] },
        });
        const names = ["bots-webserver", "bots-jobqueue", "bots-engine", "bots-engine-night"];
        const { spec } = find(made, "Sensor", SENSOR).inputs;
        assert.deepEqual(
            planOf(spec).workloads.map(({ name }: Manifest) => name as string),
            names,
        );
        const { rules } = find(made, "Role", UPDATE).inputs;
        assert.deepEqual(
            rules.flatMap(({ resourceNames = [] }: Manifest) => resourceNames as string[]),
            names,
        );
        const { annotations } = find(made, "CronJob", "bots-engine-night").inputs.metadata;
        assert.equal(annotations["pulumi.com/patchForce"], "true");
    });

    it("may make Jobs, and the Jobs may patch those three and nothing else", async () => {
        const made = await system({ imageUpdater: { namespace: "events" } });
        const verbs = ["get", "patch"];
        const rights: [string, string, object[]][] = [
            [SENSOR, "events", [{ apiGroups: ["batch"], resources: ["jobs"], verbs: ["create"] }]],
            [
                UPDATE,
                "edi",
                [
                    { apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["bots-webserver"], verbs },
                    { apiGroups: ["apps"], resources: ["deployments"], resourceNames: ["bots-jobqueue"], verbs },
                    { apiGroups: ["batch"], resources: ["cronjobs"], resourceNames: ["bots-engine"], verbs },
                    { apiGroups: ["batch"], resources: ["jobs"], verbs: ["list"] },
                ],
            ],
        ];
        for (const [name, namespace, rules] of rights) {
            const role = find(made, "Role", name).inputs;
            assert.equal(role.metadata.namespace, "edi");
            assert.deepEqual(role.rules, rules);
            const { subjects, roleRef } = find(made, "RoleBinding", name).inputs;
            assert.deepEqual(subjects, [{ kind: "ServiceAccount", name, namespace }]);
            assert.deepEqual(roleRef, { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name });
            assert.equal(find(made, "ServiceAccount", name).inputs.metadata.namespace, namespace);
        }
        const { spec } = find(made, "Sensor", SENSOR).inputs;
        assert.equal(jobOf(spec).spec.template.spec.serviceAccountName, UPDATE);
    });

    it("left imageTag behind: where it asks for a pull request it sends GitHub an event, and may do nothing in the cluster", async () => {
        const pullRequest = { repository: "example/bots-edi", secret: "github" };
        const made = await system({ imageTag: "4.0", imageUpdater: { pullRequest } });
        const { spec } = find(made, "Sensor", SENSOR).inputs;
        const [{ template, policy, atLeastOnce }] = spec.triggers;
        assert.equal(atLeastOnce, true);
        assert.deepEqual(policy, { status: { allow: [204] } });
        assert.equal(template.http.url, "https://api.github.com/repos/example/bots-edi/dispatches");
        assert.deepEqual(template.http.secureHeaders, [
            { name: "Authorization", valueFrom: { secretKeyRef: { name: "github", key: "authorization" } } },
        ]);
        assert.deepEqual(
            template.http.payload.map(({ src: { value, dataKey }, dest }: Manifest) => [dest, value ?? dataKey]),
            [
                ["event_type", "image-pushed"],
                ["client_payload.stack", "test"],
                ["client_payload.versions", ">=4.0"],
                ["client_payload.version", "version"],
                ["client_payload.digest", "digest"],
            ],
        );
        const updaters = made.filter(({ inputs }) =>
            /image-update/.test((inputs.metadata as Manifest)?.name as string),
        );
        assert.deepEqual(updaters.map(({ inputs }) => inputs.kind).sort(), ["Sensor", "ServiceAccount"]);
        const { annotations = {} } = find(made, "Deployment", "bots-webserver").inputs.metadata;
        assert.equal(annotations["pulumi.com/patchForce"], undefined);
    });

    it("its Job reaches the database and the API server", async () => {
        const made = await system({ imageUpdater: {} });
        const { spec } = find(made, "NetworkPolicy", "bots-image-update").inputs;
        assert.deepEqual(spec.podSelector, { matchLabels: { app: "bots-edi", component: "updater" } });
        const { podSelector } = find(made, "NetworkPolicy", "bots-to-database").inputs.spec;
        assert.ok(podSelector.matchExpressions[0].values.includes("updater"));
        const { labels } = jobOf(await sensorOf()).spec.template.metadata;
        assert.equal(labels.component, "updater");
    });

    it("the Sensor stays well below what a variable of a process holds: Argo Events hands it over in one, as base64", async () => {
        const spec = await sensorOf();
        assert.ok(JSON.stringify(spec).length < (128 * 1024 * 3) / 4 / 2);
    });

    it("lets an update take the image back on those three, and only where it is on", async () => {
        const forced = async (settings: Parameters<typeof system>[0]) =>
            (await system(settings))
                .filter(
                    ({ inputs }) => (inputs.metadata as Manifest)?.annotations?.["pulumi.com/patchForce"] === "true",
                )
                .map(({ inputs }) => (inputs.metadata as Manifest).name as string)
                .sort();
        assert.deepEqual(await forced({ imageUpdater: {} }), ["bots-engine", "bots-jobqueue", "bots-webserver"]);
        assert.deepEqual(await forced({}), []);
    });
});

describe("NetworkPolicies", () => {
    const names = async (settings: Parameters<typeof system>[0]) =>
        (await system(settings))
            .filter(({ inputs }) => inputs.kind === "NetworkPolicy")
            .map(({ inputs }) => (inputs.metadata as Manifest).name as string)
            .sort();

    it("deny everything but the flows that are needed", async () => {
        assert.deepEqual(await names({}), [
            "bots-default-deny",
            "bots-dns",
            "bots-engine-watch",
            "bots-jobqueue",
            "bots-to-database",
            "bots-to-jobqueue",
            "bots-webserver",
        ]);
        const made = await system();
        assert.deepEqual(find(made, "NetworkPolicy", "bots-default-deny").inputs.spec, {
            podSelector: { matchLabels: { app: "bots-edi" } },
            policyTypes: ["Ingress", "Egress"],
        });
        assert.deepEqual(find(made, "NetworkPolicy", "bots-dns").inputs.spec, {
            podSelector: { matchLabels: { app: "bots-edi" } },
            policyTypes: ["Egress"],
            egress: [
                {
                    to: [
                        {
                            namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
                            podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
                        },
                    ],
                    ports: [
                        { protocol: "UDP", port: 53 },
                        { protocol: "TCP", port: 53 },
                    ],
                },
            ],
        });
        const [rule] = find(made, "NetworkPolicy", "bots-webserver").inputs.spec.ingress;
        assert.deepEqual(rule.ports, [{ protocol: "TCP", port: 8080 }]);
        assert.deepEqual(
            rule.from.map(
                ({ namespaceSelector }: Manifest) => namespaceSelector.matchLabels["kubernetes.io/metadata.name"],
            ),
            ["kube-system"],
        );
    });

    it("let webservers, and nobody else, reach the job queue's gateway", async () => {
        const made = await system();
        const [webserver, jobqueue] = ["webserver", "jobqueue"].map((component) => ({
            podSelector: { matchLabels: { app: "bots-edi", component } },
        }));
        const ports = [{ protocol: "TCP", port: 28083 }];
        assert.deepEqual(find(made, "NetworkPolicy", "bots-jobqueue").inputs.spec, {
            ...jobqueue,
            policyTypes: ["Ingress"],
            ingress: [{ from: [webserver], ports }],
        });
        assert.deepEqual(find(made, "NetworkPolicy", "bots-to-jobqueue").inputs.spec, {
            ...webserver,
            policyTypes: ["Egress"],
            egress: [{ to: [jobqueue], ports }],
        });
    });

    it("keep a database in the cluster to the pods of Bots", async () => {
        const made = await system({ database: {} });
        const bots = {
            matchLabels: { app: "bots-edi" },
            matchExpressions: [
                {
                    key: "component",
                    operator: "In",
                    values: ["webserver", "jobqueue", "engine", "init", "superuser", "backup", "updater"],
                },
            ],
        };
        const { podSelector, ingress } = find(made, "NetworkPolicy", "bots-database").inputs.spec;
        assert.deepEqual(podSelector, { matchLabels: { app: "bots-edi", component: "database" } });
        assert.deepEqual(ingress, [{ from: [{ podSelector: bots }], ports: [{ protocol: "TCP", port: 3306 }] }]);
        assert.deepEqual(find(made, "NetworkPolicy", "bots-to-database").inputs.spec.podSelector, bots);
        const { egress } = find(made, "NetworkPolicy", "bots-to-database").inputs.spec;
        assert.deepEqual(egress[0].to, [{ podSelector: { matchLabels: { app: "bots-edi", component: "database" } } }]);
    });

    it("let the engine's watch reach the API server, wherever that is, and nobody else", async () => {
        const { spec } = find(await system(), "NetworkPolicy", "bots-engine-watch").inputs;
        const tcp = (port: number) => ({ protocol: "TCP", port });
        assert.deepEqual(spec, {
            podSelector: { matchLabels: { app: "bots-edi", component: "watch" } },
            policyTypes: ["Egress"],
            egress: [{ ports: [tcp(443), tcp(6443)] }],
        });
        const other = await system({ networkPolicy: { apiServerPorts: [16443] } });
        assert.deepEqual(find(other, "NetworkPolicy", "bots-engine-watch").inputs.spec.egress, [
            { ports: [tcp(16443)] },
        ]);
    });

    it("open the ways to partners, the external database and Prometheus that are set", async () => {
        const made = await system({
            networkPolicy: {
                monitoringNamespace: "monitoring",
                database: [{ cidr: "10.1.0.0/16", ports: [5432] }],
                egress: [{ cidr: "192.0.2.0/24", ports: [22, "10000-10100", "1194/UDP"] }, { cidr: "198.51.100.0/24" }],
            },
        });
        const { egress } = find(made, "NetworkPolicy", "bots-to-partners").inputs.spec;
        assert.deepEqual(egress, [
            {
                to: [{ ipBlock: { cidr: "192.0.2.0/24" } }],
                ports: [
                    { protocol: "TCP", port: 22 },
                    { protocol: "TCP", port: 10000, endPort: 10100 },
                    { protocol: "UDP", port: 1194 },
                ],
            },
            { to: [{ ipBlock: { cidr: "198.51.100.0/24" } }] },
        ]);
        const [database] = find(made, "NetworkPolicy", "bots-to-database").inputs.spec.egress;
        assert.deepEqual(database, {
            to: [{ ipBlock: { cidr: "10.1.0.0/16" } }],
            ports: [{ protocol: "TCP", port: 5432 }],
        });
        assert.equal(find(made, "NetworkPolicy", "bots-webserver").inputs.spec.ingress.length, 2);
    });

    const rules = async (networkPolicy: SettingsInput["networkPolicy"], name: string, direction: string) =>
        find(await system({ networkPolicy }), "NetworkPolicy", name).inputs.spec[direction] as Manifest[];
    const inNamespace = (name: string) => ({ matchLabels: { "kubernetes.io/metadata.name": name } });

    it("node-local DNS, and DNS on port 5353 of another namespace, resolved nothing: DNS is data, with presets", async () => {
        const found = await rules({ dns: ["cluster", "nodeLocal", "openshift"] }, "bots-dns", "egress");
        assert.deepEqual(
            found.map(({ to: [to], ports }) => [
                to.ipBlock?.cidr ?? [to.namespaceSelector, to.podSelector.matchLabels],
                ports.map(({ protocol, port }: Manifest) => `${protocol as string} ${port as number}`).join(),
            ]),
            [
                [[inNamespace("kube-system"), { "k8s-app": "kube-dns" }], "UDP 53,TCP 53"],
                ["169.254.20.10/32", "UDP 53,TCP 53"],
                [
                    [inNamespace("openshift-dns"), { "dns.operator.openshift.io/daemonset-dns": "default" }],
                    "UDP 5353,TCP 5353",
                ],
            ],
        );
        const own = { namespace: "dns", podLabels: { app: "resolver" }, ports: ["1053/UDP"] };
        assert.deepEqual(await rules({ dns: [own] }, "bots-dns", "egress"), [
            {
                to: [{ namespaceSelector: inNamespace("dns"), podSelector: { matchLabels: { app: "resolver" } } }],
                ports: [{ protocol: "UDP", port: 1053 }],
            },
        ]);
    });

    it("an external database that is a pod of the same cluster was no address on Cilium: it is named by its namespace and labels", async () => {
        const database = [{ namespace: "galera", podLabels: { app: "mariadb" }, ports: [3306] }];
        assert.deepEqual(await rules({ database }, "bots-to-database", "egress"), [
            {
                to: [{ namespaceSelector: inNamespace("galera"), podSelector: { matchLabels: { app: "mariadb" } } }],
                ports: [{ protocol: "TCP", port: 3306 }],
            },
        ]);
    });

    it("an Ingress controller on the host network is no pod to a policy: callers are addresses too", async () => {
        const callers = [{ cidr: "10.1.0.0/16" }, { namespace: "traefik", podLabels: { app: "traefik" } }];
        const ports = [{ protocol: "TCP", port: 8080 }];
        assert.deepEqual(await rules({ callers }, "bots-webserver", "ingress"), [
            { from: [{ ipBlock: { cidr: "10.1.0.0/16" } }], ports },
            {
                from: [{ namespaceSelector: inNamespace("traefik"), podSelector: { matchLabels: { app: "traefik" } } }],
                ports,
            },
        ]);
    });

    it("are left out where they are off", async () => {
        assert.deepEqual(await names({ networkPolicy: { enabled: false } }), []);
    });
});
