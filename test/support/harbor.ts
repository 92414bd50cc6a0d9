/** What Harbor's webhook sends, written from its published schema ("Configuring Webhook Notifications"). */

/** An artifact as an event names it; one that is pushed by its digest has no tag. */
interface Resource {
    readonly tag?: string;
}

const RESOURCE = {
    digest: "sha256:8a9e9863dbb6e10edb5adfe917c00da84e1700fa76e7ed02476aa6e6fb8ee0d8",
    resource_url: "harbor.pminc.me/priv/bots-edi:4.0",
};

function data(repository: string, resources: readonly Resource[]) {
    const [namespace = "", name = namespace] = repository.split("/");
    return {
        resources: resources.map((resource) => ({ ...RESOURCE, ...resource })),
        repository: {
            date_created: 1680501893,
            name,
            namespace,
            repo_full_name: repository,
            repo_type: "private",
        },
    };
}

const tagged = (tags: readonly string[]) => tags.map((tag) => ({ tag }));

/** The payload format Default. */
export function defaultEvent(type: string, repository: string, ...tags: string[]): object {
    return { type, occur_at: 1680501893, operator: "robot$ci", event_data: data(repository, tagged(tags)) };
}

/** The payload format CloudEvents. */
export function cloudEvent(type: string, repository: string, ...tags: string[]): object {
    return {
        specversion: "1.0",
        id: "66e7ab5e-94ff-4d87-b2d8-4a7f8f3d2b1c",
        requestid: "2eedfab8-61d3-4f3c-8ec3-8f82d1ec4c84",
        source: "/projects/1/webhook/policies/15",
        type,
        datacontenttype: "application/json",
        time: "2026-11-25T02:04:53Z",
        data: data(repository, tagged(tags)),
        operator: "robot$ci",
    };
}

/** A push by the digest alone. */
export function digestPush(repository: string): object {
    return { type: "PUSH_ARTIFACT", occur_at: 1680501893, operator: "robot$ci", event_data: data(repository, [{}]) };
}

/** A replication to another registry, which is no push. */
export function replication(repository: string, tag: string): object {
    const [namespace = "", name = namespace] = repository.split("/");
    return {
        type: "REPLICATION",
        occur_at: 1680501893,
        operator: "MANUAL",
        event_data: {
            replication: {
                harbor_hostname: "harbor.pminc.me",
                job_status: "Success",
                artifact_type: "image",
                override_mode: true,
                trigger_type: "MANUAL",
                policy_creator: "admin",
                execution_timestamp: 1680501893,
                src_resource: { endpoint: "https://harbor.pminc.me", provider: "harbor", namespace },
                dest_resource: { endpoint: "https://hub.example.com", provider: "docker-hub", namespace },
                successful_artifact: [
                    { type: "image", status: "Success", name_tag: `${name} [1 item(s) in total]: ${tag}` },
                ],
            },
        },
    };
}
