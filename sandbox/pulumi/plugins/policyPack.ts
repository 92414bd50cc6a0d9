/**
 * A policy pack as the engine starts it today: it learns the stack and its configuration by a call. `@pulumi/policy` reads them
 * from its environment, so this stands between the two and starts the pack once they are known.
 */
import {
    type Client,
    credentials,
    Server,
    ServerCredentials,
    type ServiceError,
    status,
    type UntypedHandleCall,
} from "@grpc/grpc-js";
import { AnalyzerClient, AnalyzerService } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import * as analyzer from "@pulumi/pulumi/proto/analyzer_pb";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";

type Start = (env: NodeJS.ProcessEnv) => ChildProcess;
type Callback = (error: Partial<ServiceError> | null, response?: unknown) => void;
type Methods = Record<string, (request: unknown, callback: Callback) => void>;

/** What a pack reads from its environment. */
function environment(request: analyzer.AnalyzerStackConfigureRequest): NodeJS.ProcessEnv {
    return {
        PULUMI_NODEJS_ORGANIZATION: request.getOrganization(),
        PULUMI_NODEJS_PROJECT: request.getProject(),
        PULUMI_NODEJS_STACK: request.getStack(),
        PULUMI_NODEJS_DRY_RUN: `${request.getDryRun()}`,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigSecretKeysList()),
    };
}

/** Connects to a pack that starts: the first line that it says is its port. */
async function connect(child: ChildProcess): Promise<Client> {
    const port = await new Promise<string>((resolve, reject) => {
        if (child.stdout) createInterface(child.stdout).once("line", resolve);
        child.once("error", reject).once("close", (code) => {
            reject(new Error(`the policy pack ended with exit code ${code ?? 1} before it served`));
        });
    });
    return new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
}

/** Tells the pack of its stack, unless it knows no such call. */
async function configure(client: Client, request: analyzer.AnalyzerStackConfigureRequest): Promise<void> {
    await new Promise<void>((resolve, reject) => {
        (client as unknown as Methods).configureStack?.(request, (error) => {
            if (error === null || error.code === status.UNIMPLEMENTED) resolve();
            else reject(new Error(error.details));
        });
    });
}

/** Serves a policy pack, which `start` starts, and resolves with the port. */
export async function servePolicyPack(start: Start): Promise<number> {
    let pack: Promise<Client> | undefined;
    const configureStack = async (request: analyzer.AnalyzerStackConfigureRequest) => {
        pack = connect(start(environment(request)));
        await configure(await pack, request);
        return new analyzer.AnalyzerStackConfigureResponse();
    };
    const pass =
        (method: string): UntypedHandleCall =>
        (call: { request: unknown }, callback: Callback) => {
            // Where nobody has told the stack, there is none.
            pack ??= connect(start({}));
            pack.then((client) => (client as unknown as Methods)[method]?.(call.request, callback), callback);
        };
    const server = new Server();
    server.addService(AnalyzerService, {
        ...Object.fromEntries(Object.keys(AnalyzerService).map((method) => [method, pass(method)])),
        handshake: (_call: unknown, callback: Callback) => {
            callback(null, new analyzer.AnalyzerHandshakeResponse());
        },
        configureStack: (call: { request: analyzer.AnalyzerStackConfigureRequest }, callback: Callback) => {
            configureStack(call.request).then((response) => {
                callback(null, response);
            }, callback);
        },
    });
    return new Promise((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
            if (error) reject(error);
            else resolve(port);
        });
    });
}
