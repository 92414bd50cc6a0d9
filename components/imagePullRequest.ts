/** Asks for a pushed image in a pull request: GitHub runs the workflow bump.yml, and nothing changes before somebody merges. */
import * as pulumi from "@pulumi/pulumi";
import { fromPush } from "./imagePush";

/** Where the pull request is opened. */
export interface PullRequestArgs {
    /** The repository, `OWNER/NAME`. */
    readonly repository: string;
    /** GitHub's API. Default: `https://api.github.com` */
    readonly api: string;
    /** Secret in Argo's namespace, whose key `authorization` is the header of that name. */
    readonly secret: string;
}

/** The trigger: an event `image-pushed` of the repository. Source: GitHub's API, "Create a repository dispatch event". */
export function pullRequestTrigger({ api, repository, secret }: PullRequestArgs, versions: string) {
    const payload = { stack: { value: pulumi.getStack() }, versions: { value: versions } };
    const pushed = { version: { dataKey: "version" }, digest: { dataKey: "digest" } };
    return {
        template: {
            name: "bots-image-pull-request",
            http: {
                url: `${api}/repos/${repository}/dispatches`,
                method: "POST",
                headers: { Accept: "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28" },
                secureHeaders: [
                    { name: "Authorization", valueFrom: { secretKeyRef: { name: secret, key: "authorization" } } },
                ],
                payload: [
                    fromPush({ value: "image-pushed" }, "event_type"),
                    ...Object.entries({ ...payload, ...pushed }).map(([name, source]) =>
                        fromPush(source, `client_payload.${name}`),
                    ),
                ],
                timeout: 30,
            },
        },
        policy: { status: { allow: [204] } },
    };
}
