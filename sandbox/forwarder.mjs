/** Passes connections on a port of 127.0.0.1 to an address: `forwarder PORT ADDRESS TARGET_PORT`. It outlives every pod, unlike kubectl port-forward. */
import { connect, createServer } from "node:net";

const [port, address, target] = process.argv.slice(2);

createServer((client) => {
    const server = connect(Number(target), address);
    client.on("error", () => server.destroy()).pipe(server);
    server.on("error", () => client.destroy()).pipe(client);
}).listen(Number(port), "127.0.0.1");
