import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Manifest } from "../../../operations/manifests";
import { isNewEnough, recordedUid } from "../../../operations/preflight/cluster";
import { type Context, parseKinds } from "../../../operations/preflight/context";
import { complaints, podsOf, totals } from "../../../operations/preflight/dryRun";
import { fatal, fine, report, warning } from "../../../operations/preflight/finding";
import { loginFindings } from "../../../operations/preflight/pods";
import { pullSecretFindings } from "../../../operations/preflight/pullSecret";
import { rightsNeeded } from "../../../operations/preflight/rights";
import { certificateFindings, databaseFindings } from "../../../operations/preflight/secrets";

describe("preflight", () => {
    it("reports the worst last, each with what to do, and counts", () => {
        assert.equal(
            report([fatal("no class", "make one"), fine("all well"), warning("odd", "look")]),
            "ok     all well\nwarn   odd\n       -> look\nFATAL  no class\n       -> make one\n\n1 fatal, 1 warnings, 1 fine",
        );
    });

    it("reads the kinds that a cluster knows, with and without short names", () => {
        const kinds = parseKinds(
            "bindings                                       v1        true    Binding\n" +
                "deployments         deploy                     apps/v1   true    Deployment\n" +
                "namespaces          ns                         v1        false   Namespace\n",
        );
        assert.deepEqual(
            kinds.map(({ kind, apiVersion, resource, isNamespaced }) => [kind, apiVersion, resource, isNamespaced]),
            [
                ["Binding", "v1", "bindings", true],
                ["Deployment", "apps/v1", "deployments", true],
                ["Namespace", "v1", "namespaces", false],
            ],
        );
    });

    it("knows the cluster that the state has recorded", () => {
        const stash = "urn:pulumi:prod::bots-edi::pulumi:index:Stash::cluster-";
        const resources = [
            { urn: `${stash}kube-public`, outputs: { output: "another" } },
            { urn: `${stash}kube-system`, outputs: { output: "own" } },
        ];
        assert.equal(recordedUid(JSON.stringify({ deployment: { resources } }), "kube-system"), "own");
        assert.equal(recordedUid(JSON.stringify({ deployment: { resources } }), "default"), undefined);
        assert.equal(recordedUid(JSON.stringify({ deployment: {} }), "kube-system"), undefined);
    });

    for (const [version, isEnough] of [
        ["v1.35.4", true],
        ["v1.29.0-gke.1", true],
        ["v1.28.9+rke2r1", false],
        ["v2.0.0", true],
    ] as const) {
        it(`${isEnough ? "takes" : "refuses"} Kubernetes ${version}`, () => {
            assert.equal(isNewEnough(version), isEnough);
        });
    }

    it("finds what the database's Secret says wrongly", () => {
        const values = { DB_ENGINE: "mariadb", DB_PORT: "5432", DB_PASSWORD: "secret\n" };
        assert.deepEqual(
            databaseFindings(values, [3306]).map(({ level, what }) => `${level}: ${what}`),
            [
                "fatal: DB_ENGINE in the database's Secret is mariadb",
                "fatal: DB_PORT is 5432, and pods may reach 3306 only",
                "warning: DB_PASSWORD begins or ends with white space",
            ],
        );
        assert.deepEqual(databaseFindings({ DB_ENGINE: "postgresql", DB_PORT: "5432" }, [3306, "5430-5440"]), []);
        assert.deepEqual(databaseFindings({ DB_PORT: "5432" }, undefined), []);
        assert.deepEqual(databaseFindings({ DB_PORT: "5432" }, []), []);
    });

    describe("the pull Secret", () => {
        const OWN = "harbor.pminc.me/priv/bots-edi:4.0";
        const login = { auth: "Ym90czpzZWNyZXQ=" };
        const found = (auths: object, own = OWN, others: string[] = []) =>
            pullSecretFindings("harbor", "kubernetes.io/dockerconfigjson", JSON.stringify({ auths }), own, others).map(
                ({ level, what }) => `${level}: ${what}`,
            );

        for (const [name, image] of [
            ["harbor.pminc.me", OWN],
            ["https://harbor.pminc.me", OWN],
            ["https://harbor.pminc.me/v2/", OWN],
            ["harbor.pminc.me/priv", OWN],
            ["harbor.pminc.me/priv/bots-edi", `${OWN}@sha256:${"a".repeat(64)}`],
            ["*.pminc.me", OWN],
            ["localhost:5000", "localhost:5000/bots-edi:4.0"],
            ["https://index.docker.io/v1/", "example/bots-edi:4.0"],
            ["docker.io", "docker.io/example/bots-edi:4.0"],
        ] as const) {
            it(`has a login for ${image} by the name ${name}`, () => {
                assert.match(found({ [name]: login }, image).join(), /^fine: Secret harbor has a login for [^,]+$/);
            });
        }

        for (const [name, image] of [
            ["harbor.pminc.me:443", OWN],
            ["harbor.pminc.me/public", OWN],
            ["*.me", OWN],
            ["localhost", "localhost:5000/bots-edi:4.0"],
        ] as const) {
            it(`has none for ${image} by the name ${name}: one line says where it logs in`, () => {
                const [line = "", ...more] = found({ [name]: login }, image);
                assert.match(line, /^fatal: Secret harbor has no login for \S+, where \S+ is; it has \S+$/);
                assert.deepEqual(more, []);
            });
        }

        it("is refused where nodes pass over it, or find no login in it", () => {
            const of = (type: string, content: string) => pullSecretFindings("harbor", type, content, OWN, []);
            const [opaque] = of("Opaque", "{}");
            assert.equal(
                opaque?.what,
                "Secret harbor is of type Opaque, and nodes look at kubernetes.io/dockerconfigjson alone",
            );
            assert.match(
                opaque.todo ?? "",
                /^kubectl create secret docker-registry harbor --docker-server=harbor\.pminc\.me /,
            );
            for (const content of ["", "no JSON", "{}"]) {
                assert.equal(
                    of("kubernetes.io/dockerconfigjson", content)[0]?.what,
                    ".dockerconfigjson of Secret harbor is no JSON with auths",
                );
            }
            assert.match(found({}).join(), /^fatal: .* has no login for harbor\.pminc\.me, .*; it has none$/);
            assert.match(found({ "harbor.pminc.me": {} }).join(), /^fatal: .* without a login: .*credential store$/);
        });

        it("is not told to lack a login for public images, and warned of for those of another registry", () => {
            const others = [OWN, "docker.io/library/mariadb:10.11.11", "mirror.example.com/mariadb:10.11.11"];
            assert.deepEqual(found({ "harbor.pminc.me": login }, OWN, others), [
                "warning: Secret harbor has no login for mirror.example.com, where mirror.example.com/mariadb:10.11.11 is",
            ]);
        });
    });

    it("looks at a certificate's days and name", () => {
        const folder = mkdtempSync(join(tmpdir(), "bots-edi-certificate-"));
        try {
            const file = join(folder, "tls.crt");
            const subject = ["-subj", "/CN=edi.example.com", "-addext", "subjectAltName=DNS:edi.example.com"];
            const key = [
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-keyout",
                join(folder, "key"),
            ];
            execFileSync("openssl", ["req", "-x509", ...key, "-out", file, "-days", "30", ...subject], {
                stdio: "ignore",
            });
            const pem = readFileSync(file, "utf8");
            const after = (days: number, host = "edi.example.com") =>
                certificateFindings("tls", pem, host, Date.now() + days * 86_400_000).map(({ what }) => what);
            assert.deepEqual(after(0), []);
            assert.match(after(20).join(), /ends in (9|10) days/);
            assert.match(after(31).join(), /ended on/);
            assert.deepEqual(after(0, "other.example.com"), [
                "the certificate of Secret tls is not for other.example.com",
            ]);
            assert.match(certificateFindings("tls", "nothing", undefined, 0)[0]?.what ?? "", /is no certificate/);
        } finally {
            rmSync(folder, { recursive: true });
        }
    });

    it("says what a login's failure is mended by", () => {
        const todo = (said: string) => loginFindings(said, false, false)[0]?.todo ?? "";
        assert.match(todo("(1045, \"Access denied for user 'bots'\")"), /DB_USER, DB_PASSWORD/);
        assert.match(todo("could not translate host name"), /DB_HOST/);
        assert.match(todo("(2003, \"Can't connect to MySQL server on '10.0.0.1' (timed out)\")"), /DB_HOST/);
        assert.match(todo('Back-off pulling image "x"'), /imageTag/);
        const told = (charset: string, isUnicode: boolean, tls: string | null) =>
            loginFindings(`noise\n${JSON.stringify({ server: "MariaDB", charset, isUnicode, tls })}`, true, false).map(
                ({ level }) => level,
            );
        assert.deepEqual(told("utf8mb4", true, "TLSv1.3"), ["fine", "fine", "fine"]);
        assert.deepEqual(told("latin1", false, ""), ["fine", "fatal", "warning"]);
    });

    it("takes the cluster's complaints apart", () => {
        const stderr = [
            'Error from server (Forbidden): pods "bots-webserver-preflight" is forbidden: exceeded quota: small, requested: pods=1',
            'Warning: would violate PodSecurity "restricted:latest"',
            'Error from server (Invalid): PersistentVolumeClaim "a" is invalid: spec: Forbidden: spec is immutable',
            "@@ -10,7 +10,7 @@",
            ' - "StorageClassName": "one"',
            "",
        ].join("\n");
        assert.deepEqual(
            complaints(stderr).map(({ isWarning }) => isWarning),
            [false, true, false],
        );
        assert.match(complaints(stderr)[2]?.text ?? "", /spec is immutable$/);
    });

    const deployment: Manifest = {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "a", namespace: "edi" },
        spec: {
            replicas: 2,
            template: {
                spec: { containers: [{ resources: { requests: { cpu: "100m" }, limits: { memory: "1Gi" } } }] },
            },
        },
    };

    it("sums up what quotas count", () => {
        const claim = { resources: { requests: { storage: "5Gi" } } };
        const manifests = [
            deployment,
            { ...deployment, kind: "PersistentVolumeClaim", spec: claim },
            { ...deployment, kind: "ConfigMap", spec: undefined },
        ];
        assert.deepEqual(Object.fromEntries(totals(manifests)), {
            pods: 2,
            "requests.cpu": 0.2,
            "limits.memory": 2 ** 31,
            persistentvolumeclaims: 1,
            "requests.storage": 5 * 2 ** 30,
        });
        assert.equal(podsOf(deployment)?.count, 2);
    });

    it("asks for each right once, in the namespace of each object", () => {
        const settings = { namespace: "edi", createNamespace: false, labelNamespace: true };
        const kinds = parseKinds("deployments apps/v1 true Deployment\nsensors argoproj.io/v1alpha1 true Sensor\n");
        const sensor = {
            apiVersion: "argoproj.io/v1alpha1",
            kind: "Sensor",
            metadata: { name: "s", namespace: "argo" },
        };
        const rights = rightsNeeded({
            settings,
            kinds,
            manifests: [deployment, deployment, sensor],
        } as unknown as Context);
        const of = (resource: string) => rights.filter((right) => right.resource === resource);
        assert.equal(of("deployments").length, 6);
        assert.deepEqual(new Set(of("sensors").map(({ namespace }) => namespace)), new Set(["argo"]));
        assert.deepEqual(
            of("namespaces").map(({ verb }) => verb),
            ["get", "patch"],
        );
    });
});
