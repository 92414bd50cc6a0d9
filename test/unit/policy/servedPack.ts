/** The policy pack as the engine sees it: started as Pulumi starts it, asked over gRPC. */
import { credentials } from "@grpc/grpc-js";
import { AnalyzerClient } from "@pulumi/pulumi/proto/analyzer_grpc_pb";
import {
    AnalyzeDiagnostic,
    AnalyzeRequest,
    AnalyzerResourceOptions,
    EnforcementLevel,
} from "@pulumi/pulumi/proto/analyzer_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Registration } from "../../support/recorder";

/** What the engine sends of a resource. */
export type Resource = Pick<Registration, "urn" | "type" | "name" | "protect" | "inputs">;

/** What is wrong with one resource. */
export interface Violation {
    readonly policy: string;
    readonly mandatory: boolean;
    readonly message: string;
}

/** The pack, running for one stack. */
export interface ServedPack {
    /** Asks as the engine does: remediations first, then validations. */
    violations(resource: Resource): Promise<Violation[]>;
    /** Ends its process. */
    stop(): Promise<void>;
}

function request({ urn, type, name, protect, inputs }: Resource): AnalyzeRequest {
    const options = new AnalyzerResourceOptions().setProtect(protect);
    return new AnalyzeRequest()
        .setUrn(urn)
        .setType(type)
        .setName(name)
        .setOptions(options)
        .setProperties(Struct.fromJavaScript(inputs as Parameters<typeof Struct.fromJavaScript>[0]));
}

function violation(diagnostic: AnalyzeDiagnostic): Violation {
    return {
        policy: diagnostic.getPolicyname(),
        mandatory: diagnostic.getEnforcementlevel() === EnforcementLevel.MANDATORY,
        message: diagnostic.getMessage(),
    };
}

/** Starts the pack for a stack; configuration keys carry the project's prefix. */
export async function servePack(stack: string, config: Record<string, string> = {}): Promise<ServedPack> {
    const runner = require.resolve("@pulumi/pulumi/cmd/run-policy-pack");
    const server = spawn(process.execPath, [runner, "127.0.0.1:0", "."], {
        cwd: join(__dirname, "..", "..", "..", "policy"),
        env: {
            ...process.env,
            PULUMI_NODEJS_PROJECT: "bots-edi",
            PULUMI_NODEJS_STACK: stack,
            PULUMI_CONFIG: JSON.stringify(config),
        },
        stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(server, "exit");
    const started = once(createInterface(server.stdout), "line") as Promise<[string]>;
    const [port] = await Promise.race([
        started,
        exited.then(([code]) => {
            throw new Error(`the policy pack ended with ${String(code)} before it served`);
        }),
    ]);
    const client = new AnalyzerClient(`127.0.0.1:${port}`, credentials.createInsecure());
    const ask = <T>(call: (done: (error: Error | null, response: T) => void) => void) =>
        new Promise<T>((resolve, reject) => {
            call((error, response) => {
                if (error) reject(error);
                else resolve(response);
            });
        });
    return {
        async violations(resource) {
            await ask((done) => client.remediate(request(resource), done));
            const response = await ask<{ getDiagnosticsList(): AnalyzeDiagnostic[] }>((done) =>
                client.analyze(request(resource), done),
            );
            return response.getDiagnosticsList().map(violation);
        },
        async stop() {
            client.close();
            server.kill();
            await exited;
        },
    };
}
