/** When each alert fires, and when it does not. */

/** What Prometheus has seen, and which series of the alert fire then. */
export interface AlertCase {
    readonly when: string;
    /** Samples, one a minute, in promtool's notation; times count from 0. */
    readonly series: Readonly<Record<string, string>>;
    /** When the alert is looked at. */
    readonly at: string;
    /** Labels of each series that fires, beside the severity; none where the alert is quiet. */
    readonly fires: readonly Readonly<Record<string, string>>[];
}

const HERE = 'namespace="edi"';
const up = { [`bots_check{${HERE},check="database",pod="a"}`]: "1x200" };
const down = { [`bots_check{${HERE},check="database",pod="a"}`]: "1x5 0x195" };
const elsewhere = 'namespace="edi-dev"';
const minutes = (count: number) => count * 60;
const succeeded = (at: number, series = HERE) => ({
    [`bots_run_success_timestamp_seconds{${series},command="new",pod="a"}`]: `${minutes(at)}x200`,
});
const inbox = 'bots_inbox_oldest_file_timestamp_seconds{namespace="edi",pod="a"}';
const lock = 'bots_engine_lock_since_timestamp_seconds{namespace="edi",pod="a",workload="bots-engine"}';
const suspensionOf = (cronJob: string) => `kube_cronjob_spec_suspend{${HERE},cronjob="${cronJob}"}`;
const suspension = suspensionOf("bots-engine");
const atNight = suspensionOf("bots-engine-night");
const due = (cronJob: string, minute: number, series = HERE) => ({
    [`kube_cronjob_next_schedule_time{${series},cronjob="${cronJob}"}`]: `${minutes(minute)}x400`,
});
const backup = 'namespace="edi",cronjob="bots-config-backup"';

/** At least one case in which it fires and one in which it does not, for each alert. */
export const ALERT_CASES: Readonly<Record<string, readonly AlertCase[]>> = {
    BotsMetricsAbsent: [
        {
            when: "only another system is scraped",
            series: { [`bots_check{${elsewhere},check="database"}`]: "1x60" },
            at: "11m",
            fires: [{ namespace: "edi" }],
        },
        { when: "it is scraped", series: up, at: "30m", fires: [] },
    ],
    BotsDatabaseUnreachable: [
        { when: "it is away", series: down, at: "12m", fires: [{}] },
        {
            when: "one of two webservers cannot reach it",
            series: { ...down, [`bots_check{${HERE},check="database",pod="b"}`]: "1x60" },
            at: "12m",
            fires: [{}],
        },
        { when: "it was away for a moment", series: { ...up, ...down }, at: "8m", fires: [] },
        { when: "it is there", series: up, at: "60m", fires: [] },
    ],
    BotsCheckFails: [
        {
            when: "a directory is away",
            series: { ...up, [`bots_check{${HERE},check="botssys",pod="a"}`]: "0x60" },
            at: "10m",
            fires: [{ check: "botssys" }],
        },
        {
            when: "the tables cannot be seen, since the database is away",
            series: { ...down, [`bots_check{${HERE},check="tables",pod="a"}`]: "0x60" },
            at: "30m",
            fires: [],
        },
    ],
    BotsMetricsIncomplete: [
        {
            when: "no webserver can read the inboxes",
            series: { ...up, [`bots_collector_success{${HERE},collector="inboxes",pod="a"}`]: "0x60" },
            at: "20m",
            fires: [{ collector: "inboxes" }],
        },
        {
            when: "the database is away, which is another alert",
            series: { ...down, [`bots_collector_success{${HERE},collector="runs",pod="a"}`]: "0x60" },
            at: "30m",
            fires: [],
        },
        {
            when: "another can",
            series: {
                ...up,
                [`bots_collector_success{${HERE},collector="runs",pod="a"}`]: "0x60",
                [`bots_collector_success{${HERE},collector="runs",pod="b"}`]: "1x60",
            },
            at: "20m",
            fires: [],
        },
    ],
    BotsServiceAway: [
        {
            when: "the job queue has no pod",
            series: {
                [`kube_deployment_status_replicas_available{${HERE},deployment="bots-jobqueue"}`]: "0x60",
                [`kube_deployment_status_replicas_available{${HERE},deployment="bots-webserver"}`]: "1x60",
            },
            at: "10m",
            fires: [{ namespace: "edi", deployment: "bots-jobqueue" }],
        },
        {
            when: "what is away is not of Bots",
            series: { [`kube_deployment_status_replicas_available{${HERE},deployment="other"}`]: "0x60" },
            at: "10m",
            fires: [],
        },
    ],
    BotsNoSuccessfulRun: [
        { when: "the last one is long ago", series: succeeded(1), at: "40m", fires: [{}] },
        {
            when: "there never was one",
            series: succeeded(0),
            at: "36m",
            fires: [{}],
        },
        { when: "there was one not long ago", series: succeeded(20), at: "45m", fires: [] },
        {
            when: "all schedules are suspended",
            series: { ...succeeded(1), [suspension]: "1x200", [atNight]: "1x200" },
            at: "40m",
            fires: [],
        },
        {
            when: "only one of them is",
            series: { ...succeeded(1), [suspension]: "1x200", [atNight]: "0x200" },
            at: "40m",
            fires: [{}],
        },
        { when: "it runs", series: { ...succeeded(1), [suspension]: "0x200" }, at: "40m", fires: [{}] },
        { when: "it is another system's", series: succeeded(1, elsewhere), at: "90m", fires: [] },
    ],
    BotsScheduleLate: [
        {
            when: "a run is later than its window",
            series: due("bots-engine", 10),
            at: "17m",
            fires: [{ cronjob: "bots-engine" }],
        },
        { when: "it is late within its window", series: due("bots-engine", 10), at: "14m", fires: [] },
        {
            when: "each schedule has a window of its own",
            series: { ...due("bots-engine", 60), ...due("bots-engine-night", 10) },
            at: "68m",
            fires: [{ cronjob: "bots-engine" }],
        },
        {
            when: "the other is late too",
            series: { ...due("bots-engine", 60), ...due("bots-engine-night", 10) },
            at: "73m",
            fires: [{ cronjob: "bots-engine" }, { cronjob: "bots-engine-night" }],
        },
        {
            when: "it was suspended when its run was due",
            series: { ...due("bots-engine", 10), [suspension]: "1x20 0x200" },
            at: "29m",
            fires: [],
        },
        {
            when: "it was resumed, and has missed a run since",
            series: { ...due("bots-engine", 10), [suspension]: "1x20 0x200" },
            at: "33m",
            fires: [{ cronjob: "bots-engine" }],
        },
        { when: "it is another system's", series: due("bots-engine", 10, elsewhere), at: "30m", fires: [] },
    ],
    BotsRunErrors: [
        {
            when: "a recent run had errors",
            series: { [`bots_recent_runs{${HERE},outcome="errors",pod="a"}`]: "0x5 1x60" },
            at: "7m",
            fires: [{}],
        },
        {
            when: "a run's Job failed",
            series: {
                [`bots_recent_runs{${HERE},outcome="errors",pod="a"}`]: "0x60",
                [`kube_job_status_failed{${HERE},job_name="bots-engine-29402735"}`]: "0x5 1x60",
            },
            at: "7m",
            fires: [{}],
        },
        {
            when: "all went well",
            series: {
                [`bots_recent_runs{${HERE},outcome="errors",pod="a"}`]: "0x60",
                [`bots_recent_runs{${HERE},outcome="success",pod="a"}`]: "12x60",
                [`kube_job_status_failed{${HERE},job_name="bots-engine-29402735"}`]: "0x60",
            },
            at: "30m",
            fires: [],
        },
    ],
    BotsImageNotRolledOut: [
        {
            when: "the Job of one has failed",
            series: {
                [`kube_job_failed{${HERE},job_name="bots-image-update-4-0-13-x2x4z",condition="true"}`]: "1x60",
                [`kube_job_failed{${HERE},job_name="bots-image-update-4-0-14-abcde",condition="true"}`]: "0x60",
            },
            at: "1m",
            fires: [{ job_name: "bots-image-update-4-0-13-x2x4z" }],
        },
        {
            when: "another Job has failed",
            series: { [`kube_job_failed{${HERE},job_name="bots-engine-29402735",condition="true"}`]: "1x60" },
            at: "5m",
            fires: [],
        },
    ],
    BotsFilesFailed: [
        {
            when: "a file is in error and another one stuck",
            series: {
                [`bots_recent_files{${HERE},state="error",pod="a"}`]: "3x60",
                [`bots_recent_files{${HERE},state="stuck",pod="a"}`]: "1x60",
                [`bots_recent_files{${HERE},state="sent",pod="a"}`]: "9x60",
            },
            at: "5m",
            fires: [{ state: "error" }, { state: "stuck" }],
        },
        {
            when: "all arrived",
            series: {
                [`bots_recent_files{${HERE},state="error",pod="a"}`]: "0x60",
                [`bots_recent_files{${HERE},state="sent",pod="a"}`]: "9x60",
            },
            at: "5m",
            fires: [],
        },
    ],
    BotsFileWaiting: [
        { when: "one waits for long", series: { [inbox]: "60x200" }, at: "40m", fires: [{}] },
        { when: "the oldest came not long ago", series: { [inbox]: "_x10 600x200" }, at: "35m", fires: [] },
        { when: "none waits any more", series: { [inbox]: "60x20 stale" }, at: "60m", fires: [] },
    ],
    BotsLockHeldTooLong: [
        { when: "an engine hangs", series: { [lock]: "60x200" }, at: "70m", fires: [{ workload: "bots-engine" }] },
        { when: "it works within its deadline", series: { [lock]: "60x200" }, at: "50m", fires: [] },
        { when: "it has ended", series: { [lock]: "60x50 stale" }, at: "90m", fires: [] },
    ],
    BotsScheduleSuspended: [
        {
            when: "one was forgotten",
            series: { [suspension]: "0x200", [atNight]: "1x200" },
            at: "125m",
            fires: [{ cronjob: "bots-engine-night" }],
        },
        { when: "it is maintenance", series: { [suspension]: "1x200" }, at: "60m", fires: [] },
        { when: "it runs", series: { [suspension]: "0x200" }, at: "125m", fires: [] },
    ],
    BotsBackupTooOld: [
        {
            when: "the last one is old",
            series: { [`kube_cronjob_status_last_successful_time{${backup}}`]: "60x3000" },
            at: "2905m",
            fires: [{}],
        },
        {
            when: "there never was one",
            series: { [`kube_cronjob_created{${backup}}`]: "60x3000" },
            at: "2905m",
            fires: [{}],
        },
        {
            when: "the last one is of this night",
            series: {
                [`kube_cronjob_status_last_successful_time{${backup}}`]: `${String(minutes(2000))}x3000`,
                [`kube_cronjob_created{${backup}}`]: "60x3000",
            },
            at: "2905m",
            fires: [],
        },
    ],
    BotsVolumeFull: [
        {
            when: "a twentieth is left",
            series: {
                [`kubelet_volume_stats_available_bytes{${HERE},persistentvolumeclaim="bots-edi-data-pvc"}`]: "1x60",
                [`kubelet_volume_stats_capacity_bytes{${HERE},persistentvolumeclaim="bots-edi-data-pvc"}`]: "20x60",
            },
            at: "20m",
            fires: [{ namespace: "edi", persistentvolumeclaim: "bots-edi-data-pvc" }],
        },
        {
            when: "a fifth is left",
            series: {
                [`kubelet_volume_stats_available_bytes{${HERE},persistentvolumeclaim="bots-edi-data-pvc"}`]: "4x60",
                [`kubelet_volume_stats_capacity_bytes{${HERE},persistentvolumeclaim="bots-edi-data-pvc"}`]: "20x60",
            },
            at: "20m",
            fires: [],
        },
    ],
};
