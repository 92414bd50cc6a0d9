#!/usr/bin/env node
/**
 * pulumi-language-nodejs: how the Pulumi CLI runs Node.js programs and policy packs. Upstream's is no Go module; this one does
 * what a project of this repository needs, on the contract that `@pulumi/pulumi` publishes.
 */
import { ServerUnaryCall, sendUnaryData, Server, ServerCredentials, ServerWritableStream, status } from "@grpc/grpc-js";
import * as language from "@pulumi/pulumi/proto/language_pb";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { servePolicyPack } from "./policyPack";

/** The runner's exit code after it has told the user what is wrong: nobody need say it again. */
const TOLD = 32;

const children = new Set<ChildProcess>();

function start(runner: string, directory: string, args: string[], env: NodeJS.ProcessEnv): ChildProcess {
    const script = createRequire(join(directory, "package.json")).resolve(runner);
    const child = spawn(process.execPath, [script, ...args], {
        cwd: directory,
        env: { ...process.env, ...env, PULUMI_NODEJS_TYPESCRIPT: "true" },
        stdio: ["ignore", "pipe", "pipe"],
    });
    children.add(child);
    child.once("close", () => children.delete(child));
    return child;
}

function ended(child: ChildProcess): Promise<number> {
    return new Promise((resolve, reject) => {
        child.once("error", reject).once("close", (code) => {
            resolve(code ?? 1);
        });
    });
}

let engine = "";

async function run(request: language.RunRequest): Promise<language.RunResponse> {
    const info = request.getInfo();
    const directory = info?.getProgramDirectory() ?? request.getPwd();
    const options = {
        monitor: request.getMonitorAddress(),
        engine,
        organization: request.getOrganization(),
        project: request.getProject(),
        stack: request.getStack(),
        "root-directory": info?.getRootDirectory() ?? "",
        pwd: directory,
        parallel: `${request.getParallel()}`,
    };
    const args = Object.entries(options).flatMap(([name, value]) => (value === "" ? [] : [`--${name}`, value]));
    if (request.getDryrun()) args.push("--dry-run");
    const child = start(
        "@pulumi/pulumi/cmd/run",
        directory,
        [...args, info?.getEntryPoint() ?? ".", ...request.getArgsList()],
        {
            PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
            PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        },
    );
    child.stdout?.pipe(process.stdout);
    child.stderr?.pipe(process.stderr);
    const code = await ended(child);
    const response = new language.RunResponse();
    response.setBail(code === TOLD);
    if (code !== 0 && code !== TOLD) response.setError(`the program ended with exit code ${code}`);
    return response;
}

/** Serves a policy pack until the engine has done with it. */
async function runPlugin(
    call: ServerWritableStream<language.RunPluginRequest, language.RunPluginResponse>,
): Promise<void> {
    const { request } = call;
    if (request.getKind() !== "analyzer") {
        throw new Error(
            `${request.getKind()} ${request.getName()}: this language host runs programs and policy packs alone; install Pulumi for it`,
        );
    }
    const say = (stream: "setStdout" | "setStderr", said: Buffer) => {
        const response = new language.RunPluginResponse();
        response[stream](said);
        call.write(response);
    };
    const directory = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
    const port = await servePolicyPack((env) => {
        const args = [...request.getArgsList(), directory];
        const child = start("@pulumi/pulumi/cmd/run-policy-pack", directory, args, env);
        child.stderr?.on("data", (said: Buffer) => {
            say("setStderr", said);
        });
        call.once("cancelled", () => child.kill());
        return child;
    });
    say("setStdout", Buffer.from(`${port}\n`));
    await new Promise((resolve) => call.once("cancelled", resolve));
}

function about(): language.AboutResponse {
    const response = new language.AboutResponse();
    response.setExecutable(process.execPath);
    response.setVersion(process.version);
    return response;
}

/** The packages that package.json names; what is installed with them is not listed. */
function dependencies(request: language.GetProgramDependenciesRequest): language.GetProgramDependenciesResponse {
    const directory = request.getInfo()?.getProgramDirectory() ?? request.getPwd();
    const text = readFileSync(join(directory, "package.json"), "utf8");
    const { dependencies: versions = {} } = JSON.parse(text) as { dependencies?: Record<string, string> };
    const response = new language.GetProgramDependenciesResponse();
    response.setDependenciesList(
        Object.entries(versions).map(([name, version]) => {
            const dependency = new language.DependencyInfo();
            dependency.setName(name);
            dependency.setVersion(version);
            return dependency;
        }),
    );
    return response;
}

function pluginInfo(): PluginInfo {
    const info = new PluginInfo();
    info.setVersion("1.0.0");
    return info;
}

/** A method that answers with what `work` returns. */
function answer<Request, Response>(work: (request: Request) => Response | Promise<Response>) {
    return (call: ServerUnaryCall<Request, Response>, callback: sendUnaryData<Response>): void => {
        Promise.resolve(call.request)
            .then(work)
            .then(
                (response) => {
                    callback(null, response);
                },
                (error: unknown) => {
                    callback({ code: status.UNKNOWN, details: String(error) });
                },
            );
    };
}

const server = new Server();
server.addService(LanguageRuntimeService, {
    handshake: answer((request: language.LanguageHandshakeRequest) => {
        engine = request.getEngineAddress();
        return new language.LanguageHandshakeResponse();
    }),
    getPluginInfo: answer(pluginInfo),
    about: answer(about),
    getProgramDependencies: answer(dependencies),
    // None: the CLI finds the providers on the PATH, and could fetch no other here.
    getRequiredPackages: answer(() => new language.GetRequiredPackagesResponse()),
    runtimeOptionsPrompts: answer(() => new language.RuntimeOptionsResponse()),
    run: answer(run),
    runPlugin: (call: ServerWritableStream<language.RunPluginRequest, language.RunPluginResponse>) => {
        runPlugin(call).catch((error: unknown) => call.emit("error", { code: status.UNKNOWN, details: String(error) }));
    },
    cancel: answer(() => {
        for (const child of children) child.kill("SIGINT");
        return new Empty();
    }),
});

// The engine holds this process' input open: it ends where the engine ends, however that comes about.
process.stdin.on("end", () => {
    for (const child of children) child.kill("SIGKILL");
    process.exit();
});
process.stdin.resume();

server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
    if (error) throw error;
    engine = process.argv.at(-1) ?? "";
    process.stdout.write(`${port}\n`);
});
