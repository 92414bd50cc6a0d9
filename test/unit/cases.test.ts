/** Every case that failed once, as others reported it, has a test whose name begins with what was wrong. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { checkout } from "../../sandbox/paths";

const COMPONENTS = "test/unit/components";
const SETTINGS = "test/unit/settings.test.ts";
const PYTHON = "test/config";

/** The case, the file of its test, and how the test's name begins. */
const CASES: readonly (readonly [string, string, string])[] = [
    // Configuration
    ["a secret in env", "test/unit/settings/stackConfig.test.ts", "a secret in env was decrypted into a ConfigMap"],
    ["text that YAML changes", SETTINGS, "${what} was changed silently where text belongs"],
    [
        "the same in a stack's file",
        "test/unit/settings/stackConfig.test.ts",
        "${what} was changed silently: ${written} for text",
    ],
    ["a tag and the digest of another", SETTINGS, "a stale digest beside a new tag, which deployed the old image"],
    ["what the API refuses half way", SETTINGS, "an empty toleration, which the API refused half way"],
    ["SAT-SUN, two spaces", "test/unit/settings/schedule.test.ts", "SAT-SUN was taken here and refused by the API"],
    ["secretEnv.DB_READ_TIMEOUT", SETTINGS, "secretEnv.DB_READ_TIMEOUT, which db-init has twice then"],
    ["secretEnv under the Automation API", "test/unit/settings/stackConfig.test.ts", "secretEnv was always plain text"],
    ["a minimal configuration", SETTINGS, "a minimal configuration made the namespace and waited for a Secret"],
    ["two lists of secret names", "test/unit/settings/secretNames.test.ts", "two lists decided differently: ${"],
    [
        "one annotation of an Ingress",
        `${COMPONENTS}/edge.test.ts`,
        "one annotation for cert-manager took Traefik's away",
    ],
    ["tlsSecret as the sign of TLS", `${COMPONENTS}/edge.test.ts`, "tlsSecret was the only sign of TLS"],
    ["replicas beside autoscaling", SETTINGS, "replicas that an autoscaler made void"],
    ["networkPolicy.database beside database", SETTINGS, "the addresses of an external database that were ignored"],
    ["bots.ini of all stacks", "test/unit/settings/botsIni.test.ts", "was the same for all stacks"],
    ["EMAIL_USE_SSL", SETTINGS, "EMAIL_USE_SSL was accepted and ignored"],
    ["a hash of what is secret", `${COMPONENTS}/ground.test.ts`, "an unsalted sha256 of it could be guessed offline"],

    // Cluster
    [
        "a namespace of others",
        `${COMPONENTS}/botsEdi.test.ts`,
        "a namespace that may be used but not patched failed half way",
    ],
    [
        "databaseInit.deadlineSeconds",
        `${COMPONENTS}/databaseInit.test.ts`,
        "deadlineSeconds: 1800 met the provider's 600 s",
    ],
    [
        "DNS elsewhere",
        `${COMPONENTS}/edge.test.ts`,
        "node-local DNS, and DNS on port 5353 of another namespace, resolved nothing",
    ],
    [
        "DNS taken for the database",
        "test/e2e/sandbox/2-fails.test.ts",
        "DNS that is not reached was reported as a database",
    ],
    [
        "a database in a pod",
        `${COMPONENTS}/edge.test.ts`,
        "an external database that is a pod of the same cluster was no address",
    ],
    [
        "callers on the host network",
        `${COMPONENTS}/edge.test.ts`,
        "an Ingress controller on the host network is no pod",
    ],
    ["autoscaling switched on", `${COMPONENTS}/webserver.test.ts`, "autoscaling switched on had one pod for a moment"],
    ["a wrong database image", `${COMPONENTS}/ground.test.ts`, "a wrong image stayed when it was put right"],
    [
        "pods of the database",
        `${COMPONENTS}/pod.test.ts`,
        "imagePullSecret, placement and annotations were not for the database",
    ],
    ["user ids, OpenShift", `${COMPONENTS}/pod.test.ts`, "another user id was not for the database pod"],
    ["a controller that is down", `${COMPONENTS}/engine.test.ts`, "a daily run was lost when the controller was down"],
    ["the TTL of engine Jobs", `${COMPONENTS}/engine.test.ts`, "a failed run was gone after ten minutes"],
    ["another database engine", `${COMPONENTS}/ground.test.ts`, "postgresql in place of mariadb was empty"],
    ["another cluster", "test/unit/rightCluster.test.ts", "a kubeconfig that points to another cluster deployed there"],
    ["the session's time zone", `${PYTHON}/test_database_session.py`, "the_pages_showed_the_databases_time"],
    ["TLS to the database", `${PYTHON}/test_database_tls.py`, "a_database_that_requires_tls_was_access_denied"],
    ["TLS that is asked for in vain", SETTINGS, "a database that requires TLS was reached in clear"],
    ["latin1", `${PYTHON}/test_database_form.py`, "a_database_in_latin1_failed_each_file_outside_it"],
    ["forms of many rows", `${PYTHON}/test_database_session.py`, "1200_rows_of_a_code_list_ended_with_400"],
    ["tables of Bots 3.3", `${PYTHON}/test_database_form.py`, "tables_of_bots_33_ended_bots_4_with_table_exists"],
    ["long statements", `${PYTHON}/test_database_session.py`, "a_cleanup_of_more_than_a_minute_ended_the_run"],
    [
        "a daily backup at 02:30",
        "test/unit/settings/clockChanges.test.ts",
        "a daily backup at 02:30 was not made once a year",
    ],
    ["schedules in the gap", "test/unit/settings/notices.test.ts", "a run at 02:30 was not made once a year"],
    ["a relative path", `${PYTHON}/test_engine_run.py`, "a_relative_path_was_looked_up_inside_the_package"],
    ["ingress-nginx", `${COMPONENTS}/edge.test.ts`, "ingress-nginx refused uploads over 1 MB"],
    ["large orders in the queue", SETTINGS, "a job queue that is ended with an order of the size that is let in"],

    // Image updater
    [
        "an older tag, a pre-release",
        `${COMPONENTS}/edge.test.ts`,
        "a tag pushed after a newer one, a pre-release and a debug image were",
    ],
    ["CloudEvents", `${COMPONENTS}/edge.test.ts`, "Harbor's webhook in CloudEvents format did nothing"],
    ["a long namespace", `${COMPONENTS}/edge.test.ts`, "a namespace of 41 characters made a label over 63"],

    // Pipeline
    [
        "secrets before review",
        "test/unit/pipeline/workflows.test.ts",
        "whoever might push read prod's secrets before review",
    ],
    ["secrets at npm ci", "test/unit/pipeline/workflows.test.ts", "npm ci ran beside the state's token"],
    ["approval without a plan", "test/unit/pipeline/workflows.test.ts", "the approver of prod saw no plan"],
    ["an update beyond the plan", "test/e2e/pulumi/5-pipeline.test.ts", "an update did more than what was approved"],
    ["two merges", "test/unit/pipeline/workflows.test.ts", "of two merges the older one might win"],
    ["drift", "test/e2e/pulumi/5-pipeline.test.ts", "drift was seen by nobody"],
];

describe("a case that failed once", () => {
    for (const [title, file, name] of CASES) {
        it(`has its test: ${title}`, () => {
            const text = readFileSync(join(checkout, file), "utf8");
            const begins = file.endsWith(".py") ? [`def test_${name}`] : [`"${name}`, `\`${name}`, `'${name}`];
            assert.ok(
                begins.some((begin) => text.includes(begin)),
                `${file} has no test that begins with: ${name}`,
            );
        });
    }
});
