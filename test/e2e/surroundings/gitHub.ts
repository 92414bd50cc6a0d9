/** A pod in place of GitHub's API: it writes down what it is asked for, and refuses one version. */
import { kubectl } from "../../../sandbox/cluster/kubectl";

/** Name of the pod, and of the Secret with the header that is sent to it. */
export const GITHUB = "github-stand-in";

/** The version that is refused, with 401. */
export const REFUSED = "3.3.7";

const here = ["-n", "argo-events"];

const SERVER = `
import http.server, json
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_refused = body["client_payload"]["version"] == "${REFUSED}"
        if not is_refused:
            print(json.dumps({"path": self.path, "authorization": self.headers["Authorization"], **body}), flush=True)
        self.send_response(401 if is_refused else 204)
        self.end_headers()
    def log_message(self, *args):
        pass
http.server.HTTPServer(("", 8080), Handler).serve_forever()
`;

const objects = {
    apiVersion: "v1",
    kind: "List",
    items: [
        {
            apiVersion: "v1",
            kind: "Secret",
            metadata: { name: GITHUB },
            stringData: { authorization: "Bearer of-the-test" },
        },
        {
            apiVersion: "v1",
            kind: "Pod",
            metadata: { name: GITHUB },
            spec: {
                securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
                containers: [
                    {
                        name: "api",
                        image: "localhost/bots-edi:3.3.1",
                        command: ["python", "-c", SERVER],
                        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
                        readinessProbe: { tcpSocket: { port: 8080 } },
                    },
                ],
            },
        },
    ],
};

/** Starts it. Returns its address. */
export async function startGitHub(): Promise<string> {
    await stopGitHub();
    await kubectl(["apply", ...here, "-f", "-"], { input: JSON.stringify(objects) });
    await kubectl(["wait", ...here, `pod/${GITHUB}`, "--for=condition=Ready", "--timeout=60s"]);
    return `http://${await kubectl(["get", ...here, `pod/${GITHUB}`, "-o", "jsonpath={.status.podIP}"])}:8080`;
}

/** What it was asked for. */
export async function askedOfGitHub(): Promise<unknown[]> {
    const log = await kubectl(["logs", ...here, GITHUB]);
    return log
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line) as unknown);
}

/** Removes it. */
export async function stopGitHub(): Promise<void> {
    await kubectl(["delete", ...here, `pod/${GITHUB}`, `secret/${GITHUB}`, "--ignore-not-found", "--grace-period=1"]);
}
