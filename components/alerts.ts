/** The alerts: what Prometheus tells an operator, when, and what there is to do. */
import type { EngineSchedule } from "../settings/engineSchedules";
import { longestGap, parseSchedule } from "../settings/schedule";

/** What the alerts depend on. */
export interface AlertsArgs {
    /** Namespace of the system: several systems may share a Prometheus. */
    readonly namespace: string;
    /** Where operations.md can be read. */
    readonly runbook: string;
    /** The engine's schedules. */
    readonly schedules: readonly EngineSchedule[];
    /** Seconds after which each of these alerts. */
    readonly alertAfter: {
        /** Without a run that had no errors. */
        readonly runSeconds: number;
        /** Of a file in an inbox. */
        readonly waitingSeconds: number;
        /** Without a backup. */
        readonly backupSeconds: number;
    };
}

/** A rule of a PrometheusRule. */
export interface AlertRule {
    readonly alert: string;
    readonly expr: string;
    readonly for: string;
    readonly labels: { readonly severity: "critical" | "warning" };
    readonly annotations: { readonly summary: string; readonly description: string; readonly runbook_url: string };
}

/** The alerts of one system. What webservers say comes once from each of them, so every expression takes one of all. */
export function alertRules({ namespace, runbook, schedules, alertAfter }: AlertsArgs): AlertRule[] {
    const of = (metric: string, labels = "") => `${metric}{namespace="${namespace}"${labels && `,${labels}`}}`;
    const databaseAway = `min(${of("bots_check", 'check="database"')}) == 0`;
    const named = (some: readonly EngineSchedule[]) => `cronjob=~"${some.map(({ cronJob }) => cronJob).join("|")}"`;
    const receiving = schedules.filter((schedule) => schedule.arguments.includes("--new"));
    const nothingReceives = receiving.length > 0 && `min(${of("kube_cronjob_spec_suspend", named(receiving))}) == 1`;
    const longestRun = Math.max(...schedules.map(({ deadlineSeconds }) => deadlineSeconds));
    const isLate = ({ cronJob, schedule, startingDeadlineSeconds: window }: EngineSchedule) => {
        const [due, suspended] = ["next_schedule_time", "spec_suspend"].map((metric) =>
            of(`kube_cronjob_${metric}`, `cronjob="${cronJob}"`),
        );
        // A run that was due while the schedule was suspended is none that is late.
        const before = longestGap(parseSchedule(schedule)) + window;
        return `time() - max by (cronjob) (${due ?? ""}) > ${window} unless on (cronjob) max_over_time(${suspended ?? ""}[${before}s]) == 1`;
    };
    const backup = 'cronjob="bots-config-backup"';
    const claims = 'persistentvolumeclaim=~"bots-.*"';

    const rule = (
        alert: string,
        severity: "critical" | "warning",
        duration: string,
        expr: string,
        [summary, description, section]: [string, string, string],
    ): AlertRule => ({
        alert,
        expr,
        for: duration,
        labels: { severity },
        annotations: { summary: `Bots in ${namespace}: ${summary}`, description, runbook_url: `${runbook}#${section}` },
    });

    return [
        rule("BotsMetricsAbsent", "critical", "10m", `absent(${of("bots_check")})`, [
            "no webserver is scraped",
            "All other alerts on Bots' own metrics are blind. See whether the webserver's pods run, whether Prometheus has them as targets, and whether networkPolicy.monitoringNamespace is its namespace.",
            "monitoring",
        ]),
        rule("BotsDatabaseUnreachable", "critical", "5m", databaseAway, [
            "a webserver cannot reach the database",
            "Nothing is received or sent. The webserver's log has the reason (/health/ready: database: ...); look at the database, its Secret and the network policies.",
            "health-checks",
        ]),
        rule(
            "BotsCheckFails",
            "critical",
            "5m",
            `min by (check) (${of("bots_check", 'check!="database"')}) == 0 unless on () ${databaseAway}`,
            [
                "the check {{ $labels.check }} fails",
                "tables: run db-init again; botssys or usersys: look at the data volume. The webserver's log has the reason.",
                "health-checks",
            ],
        ),
        rule(
            "BotsMetricsIncomplete",
            "warning",
            "15m",
            `max by (collector) (${of("bots_collector_success")}) == 0 unless on () ${databaseAway}`,
            [
                "the metrics of {{ $labels.collector }} cannot be read",
                "Alerts on them are blind. The webserver's log has the reason (/metrics: {{ $labels.collector }}: ...).",
                "monitoring",
            ],
        ),
        rule(
            "BotsServiceAway",
            "critical",
            "5m",
            `${of("kube_deployment_status_replicas_available", 'deployment=~"bots-webserver|bots-jobqueue|bots-engine-watch"')} == 0`,
            [
                "{{ $labels.deployment }} has no pod that is ready",
                "Look at the pods' events and logs: kubectl describe pod -l app=bots-edi.",
                "other-troubles",
            ],
        ),
        rule(
            "BotsNoSuccessfulRun",
            "critical",
            "5m",
            `time() - max(${of("bots_run_success_timestamp_seconds", 'command="new"')}) > ${alertAfter.runSeconds}${nothingReceives ? ` unless on () ${nothingReceives}` : ""}`,
            [
                `no run without errors for more than ${alertAfter.runSeconds} s`,
                "Either no run ends, or each has errors. Look at the newest Jobs of bots-engine, their events and logs, then at the runs' reports in the browser.",
                "did-a-run-succeed",
            ],
        ),
        rule("BotsScheduleLate", "warning", "1m", schedules.map(isLate).join(" or "), [
            "a run of {{ $labels.cronjob }} is late by more than its window",
            "Either the run before is still at work, or the CronJob's controller has not started it: look at the CronJob's events, then at its Jobs.",
            "schedules",
        ]),
        rule(
            "BotsRunErrors",
            "warning",
            "0m",
            `max(${of("bots_recent_runs", 'outcome="errors"')}) > 0 or max(${of("kube_job_status_failed", 'job_name=~"bots-engine-.*"')}) > 0`,
            [
                "a run ended with errors",
                "Find it by its report in the browser, or by the log of its Job: a file that is wrong, a channel that does not connect, a run that could not start.",
                "did-a-run-succeed",
            ],
        ),
        rule(
            "BotsFilesFailed",
            "warning",
            "0m",
            `max by (state) (${of("bots_recent_files", 'state=~"error|stuck|system_error"')}) > 0`,
            [
                "{{ $value }} files of recent runs are in state {{ $labels.state }}",
                "They did not arrive. Find them under Incoming in the browser, mend the data, mapping or route, and mark them to be received or sent again.",
                "did-a-run-succeed",
            ],
        ),
        rule(
            "BotsFileWaiting",
            "warning",
            "5m",
            `time() - min(${of("bots_inbox_oldest_file_timestamp_seconds")}) > ${alertAfter.waitingSeconds}`,
            [
                `a file waits in an inbox for more than ${alertAfter.waitingSeconds} s`,
                "No run receives it: is the schedule suspended, its route part of a run, the inbox one that Bots may empty, free of a lock file?",
                "an-inbox-that-cannot-be-emptied",
            ],
        ),
        rule(
            "BotsLockHeldTooLong",
            "critical",
            "5m",
            `time() - min by (workload) (${of("bots_engine_lock_since_timestamp_seconds")}) > ${longestRun}`,
            [
                `an engine in {{ $labels.workload }} holds the lock for longer than its deadline, ${longestRun} s`,
                "Every other run waits for it. botssys/engine.lock names its pod: read its log, and delete the pod where it hangs; the next run recovers what it left.",
                "a-run-by-hand",
            ],
        ),
        rule(
            "BotsScheduleSuspended",
            "warning",
            "2h",
            `max by (cronjob) (${of("kube_cronjob_spec_suspend", named(schedules))}) == 1`,
            [
                "the schedule {{ $labels.cronjob }} is suspended",
                "It runs nothing. When the maintenance is over, set its suspend to false (engine.suspend, engine.schedules) and update the stack.",
                "maintenance",
            ],
        ),
        rule(
            "BotsImageNotRolledOut",
            "warning",
            "0m",
            `max by (job_name) (${of("kube_job_failed", 'job_name=~"bots-image-update-.*",condition="true"')}) == 1`,
            [
                "a pushed image was not rolled out: {{ $labels.job_name }}",
                "The last line of its log says why: kubectl logs job/{{ $labels.job_name }} -c db-init. Where db-init failed, all runs as before. Mend it and push a newer tag, or delete the Job and push again.",
                "with-the-image-updater",
            ],
        ),
        rule(
            "BotsBackupTooOld",
            "warning",
            "15m",
            `time() - max(${of("kube_cronjob_status_last_successful_time", backup)} or ${of("kube_cronjob_created", backup)}) > ${alertAfter.backupSeconds}`,
            [
                `no backup for more than ${alertAfter.backupSeconds} s`,
                "Look at the newest Job of bots-config-backup, its events and log, and at the space on the backup volume.",
                "sets",
            ],
        ),
        rule(
            "BotsVolumeFull",
            "warning",
            "15m",
            `${of("kubelet_volume_stats_available_bytes", claims)} / ${of("kubelet_volume_stats_capacity_bytes", claims)} < 0.1`,
            [
                "{{ $labels.persistentvolumeclaim }} is nearly full",
                "Enlarge it (storage.* in the settings) where its class can expand, or shorten what Bots keeps: maxdays and maxdaysarchive in bots.ini.",
                "scaling",
            ],
        ),
    ];
}
