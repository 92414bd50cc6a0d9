/** A DNS server on the node itself, at the address of NodeLocal DNSCache: it asks the cluster's, as that does. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { dnsAddress } from "../../../sandbox/cluster/settings";
import { run } from "../../../operations/exec";

const ADDRESS = "169.254.20.10";

/** Asks for somebody, and answers. */
function forward(server: Socket, question: Buffer, port: number, address: string): void {
    const asking = createSocket("udp4");
    asking.once("message", (answer) => {
        server.send(answer, port, address);
        asking.close();
    });
    asking.send(question, 53, dnsAddress);
}

export class NodeLocalDns {
    private constructor(private readonly server: Socket) {}

    /** Starts it, and waits until it serves. */
    static async start(): Promise<NodeLocalDns> {
        await run("ip", ["address", "replace", `${ADDRESS}/32`, "dev", "lo"]);
        const server = createSocket("udp4");
        server.on("message", (question, { port, address }) => {
            forward(server, question, port, address);
        });
        server.bind(53, ADDRESS);
        await once(server, "listening");
        return new NodeLocalDns(server);
    }

    /** Ends it, and takes the address away. */
    async stop(): Promise<void> {
        this.server.close();
        await run("ip", ["address", "delete", `${ADDRESS}/32`, "dev", "lo"]);
    }
}
