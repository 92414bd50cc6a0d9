/** What Harbor's webhook says of a pushed image, and which versions of it are of interest. */

/** A released version: `4.0`, `4.0.13`, `v4.1`; neither `4.1.0-rc.1` nor `latest`. */
const RELEASED = "^v?[0-9]+[.][0-9]+([.][0-9]+)?$";

/** The versions that are not older than a tag; all of them where it is none. */
export function notOlderThan(tag: string): string {
    const [version = ""] = tag.split("@");
    return new RegExp(RELEASED).test(version) ? `>=${version}` : ">=0";
}

/** The types of a push, in the formats Default and CloudEvents. Source: Harbor's documentation, "Configuring Webhook Notifications". */
const PUSHES = ["PUSH_ARTIFACT", "harbor.artifact.pushed"];

/**
 * jq: what a webhook says of a push, whichever its format is, with the newest released version among the tags. What it does not
 * say is left out: a filter on it then tells so in the Sensor's log.
 */
const PUSH = `(.body | objects // {}) as $body | ($body.event_data // $body.data | objects // {}) as $data |
([$data.resources[]? | select(.tag? | strings | test("${RELEASED}"))]
  | max_by(.tag | ltrimstr("v") | split(".") | map(tonumber))) as $newest | {
  type: $body.type,
  repository: ([$data.repository.repo_full_name?] | first),
  version: $newest.tag,
  digest: ($newest.digest // "")
} | with_entries(select(.value != null))`;

/** Name of the Sensor's one dependency. */
const DEPENDENCY = "harbor-push";

function literal(text: string): string {
    return text.replace(/[.+]/g, "\\$&");
}

/** The Sensor's dependency: an event of an EventSource that is a push of a released version to an image repository. */
export function pushOf(repository: string, eventSourceName: string, eventName: string) {
    // The first segment of a reference is the registry; Harbor reports the rest.
    const repositoryPath = repository.split("/").slice(1).join("/");
    // Anchored, since Argo Events matches anywhere in the value.
    const matches = (path: string, ...texts: string[]) => ({
        path,
        type: "string",
        value: texts.map((text) => `^${literal(text)}$`),
    });
    return {
        name: DEPENDENCY,
        eventSourceName,
        eventName,
        transform: { jq: PUSH },
        filters: {
            data: [
                matches("type", ...PUSHES),
                matches("repository", repositoryPath),
                { path: "version", type: "string", value: [RELEASED] },
            ],
        },
    };
}

/** Puts something that the push says, a `dataKey` or a `dataTemplate`, or a fixed `value` into what a trigger makes. */
export function fromPush(source: Readonly<Record<string, string>>, dest: string) {
    return { src: { dependencyName: DEPENDENCY, ...source }, dest };
}
