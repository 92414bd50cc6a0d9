/** Prints the seconds of CPU to register so many deployments in one program, once all is loaded. Argument: how many. */
import { BotsEdi } from "../../components/botsEdi";
import { parseSettings } from "../../settings";
import { mocked } from "./mocked";

function register(deployments: number): Promise<string[]> {
    return mocked(() => {
        for (let index = 0; index < deployments; index++) {
            const settings = parseSettings({ imageTag: "4.0", namespace: `edi-${index}` });
            new BotsEdi(`edi-${index}`, settings);
        }
    });
}

async function main(deployments: number): Promise<void> {
    // The SDK loads a resource's module when it is first used.
    await register(1);
    const begin = process.cpuUsage();
    await register(deployments);
    const { user, system } = process.cpuUsage(begin);
    console.log((user + system) / 1e6);
}

void main(Number(process.argv[2]));
