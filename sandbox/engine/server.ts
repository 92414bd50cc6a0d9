import * as grpc from "@grpc/grpc-js";
import { type IEngineServer, EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { type LogRequest, LogSeverity, SetRootResourceResponse } from "@pulumi/pulumi/proto/engine_pb";
import { type IResourceMonitorServer, ResourceMonitorService } from "@pulumi/pulumi/proto/resource_grpc_pb";
import {
    type RegisterResourceOutputsRequest,
    type RegisterResourceRequest,
    RegisterResourceResponse,
    type SupportsFeatureRequest,
    SupportsFeatureResponse,
} from "@pulumi/pulumi/proto/resource_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";

import type { JsonObject } from "./values";

export interface Registered {
    urn: string;
    id: string;
    outputs: JsonObject;
}

/** What the program's calls lead to. An error that `register` throws has been reported already. */
export interface Host {
    register(request: RegisterResourceRequest): Promise<Registered>;
    registerOutputs(urn: string, outputs: JsonObject): void;
    log(severity: "info" | "warning" | "error", message: string): void;
}

/** The services that a Pulumi program dials: pulumirpc.ResourceMonitor and pulumirpc.Engine, on a loopback port. */
export async function serve(host: Host): Promise<{ address: string; close: () => void }> {
    // The SDK's own limit: a ConfigMap or a Secret may be large.
    const server = new grpc.Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024 });
    server.addService(ResourceMonitorService, monitor(host) as never);
    server.addService(EngineService, engine(host) as never);
    const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) => {
            if (error) reject(error);
            else resolve(bound);
        });
    });
    return {
        address: `127.0.0.1:${port}`,
        close: () => {
            server.forceShutdown();
        },
    };
}

function monitor(host: Host): Partial<IResourceMonitorServer> {
    return {
        supportsFeature: (
            call: grpc.ServerUnaryCall<SupportsFeatureRequest, SupportsFeatureResponse>,
            answer: grpc.sendUnaryData<SupportsFeatureResponse>,
        ) => {
            // Without the others the SDK does the work itself (aliases) or says that it needs them (hooks, transforms).
            answer(null, new SupportsFeatureResponse().setHassupport(call.request.getId() === "secrets"));
        },
        registerResource: (
            call: grpc.ServerUnaryCall<RegisterResourceRequest, RegisterResourceResponse>,
            answer: grpc.sendUnaryData<RegisterResourceResponse>,
        ) => {
            host.register(call.request).then(
                ({ urn, id, outputs }) => {
                    const object = Struct.fromJavaScript(outputs);
                    answer(null, new RegisterResourceResponse().setUrn(urn).setId(id).setObject(object));
                },
                () => {
                    // Unavailable makes the SDK end the program quietly: the error was reported where it happened.
                    answer({ code: grpc.status.UNAVAILABLE, details: "the deployment has stopped" });
                },
            );
        },
        registerResourceOutputs: (
            call: grpc.ServerUnaryCall<RegisterResourceOutputsRequest, Empty>,
            answer: grpc.sendUnaryData<Empty>,
        ) => {
            host.registerOutputs(call.request.getUrn(), call.request.getOutputs()?.toJavaScript() ?? {});
            answer(null, new Empty());
        },
        signalAndWaitForShutdown: (_call: unknown, answer: grpc.sendUnaryData<Empty>) => {
            answer(null, new Empty());
        },
        invoke: unsupported("functions of a provider (invoke)"),
        call: unsupported("methods of a resource (call)"),
        readResource: unsupported("reading what exists (X.get)"),
        registerPackage: unsupported("parameterized packages"),
    };
}

function unsupported(what: string) {
    return (_call: unknown, answer: grpc.sendUnaryData<never>): void => {
        const details = `${what}: not supported by the sandbox's engine: deploy this program with the Pulumi CLI`;
        answer({ code: grpc.status.UNIMPLEMENTED, details });
    };
}

function engine(host: Host): Partial<IEngineServer> {
    return {
        log: (call: grpc.ServerUnaryCall<LogRequest, Empty>, answer: grpc.sendUnaryData<Empty>) => {
            const severity = call.request.getSeverity();
            const message = call.request.getMessage();
            if (severity === LogSeverity.INFO) host.log("info", message);
            if (severity === LogSeverity.WARNING) host.log("warning", message);
            if (severity === LogSeverity.ERROR) host.log("error", message);
            answer(null, new Empty());
        },
        setRootResource: (_call: unknown, answer: grpc.sendUnaryData<SetRootResourceResponse>) => {
            answer(null, new SetRootResourceResponse());
        },
    };
}
