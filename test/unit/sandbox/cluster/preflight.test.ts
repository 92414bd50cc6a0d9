import { strict as assert } from "node:assert";
import {
    requireAdministrator,
    requireForwarding,
    requireFreeRanges,
    requireResources,
    type Machine,
} from "../../../../sandbox/cluster/preflight";

const gibibyte = 1024 ** 3;
const machine: Machine = { platform: "linux", uid: 0, memory: 8 * gibibyte, freeDisk: () => 50 * gibibyte };

const administrator = (changes: Partial<Machine>) => () => {
    requireAdministrator({ ...machine, ...changes });
};
const resources = (state: { isNew: boolean; isBuilt: boolean }, memory: number, disk: number) => () => {
    requireResources(state, { ...machine, memory: memory * gibibyte, freeDisk: () => disk * gibibyte });
};
const ranges = (dst: string, dev: string, nameServer: string) => () => {
    requireFreeRanges([{ dst, dev }], [nameServer]);
};
const firewall = (policy: "drop" | undefined) => () => {
    requireForwarding(policy ? [{ family: "ip", table: "filter", name: "FORWARD", hook: "forward", policy }] : []);
};

const unbuilt = { isNew: true, isBuilt: false };
const built = { isNew: true, isBuilt: true };
const running = { isNew: false, isBuilt: true };

/** What is looked at, and the message where it is refused. */
const cases: readonly (readonly [string, () => void, (string | RegExp)?])[] = [
    ["Linux and root", administrator({})],
    ["another system", administrator({ platform: "darwin" }), "the sandbox needs Linux; this is darwin"],
    ["another user", administrator({ uid: 1000 }), "the sandbox belongs to root; run this with sudo"],
    ["room for all", resources(unbuilt, 8, 50)],
    ["no room to build where nothing is to be built", resources(built, 8, 4)],
    ["a disk that has filled up since the sandbox was made", resources(running, 8, 1)],
    ["too little memory", resources(built, 2, 50), "the sandbox needs 3.0 GiB memory; there is 2.0 GiB"],
    ["too little disk", resources(built, 8, 1), /needs 3\.0 GiB free disk at \/var\/lib\/bots-.*; there is 1\.0 GiB$/],
    ["too little disk to build on", resources(unbuilt, 8, 4), /8\.0 GiB free disk to build .*; there is 4\.0 GiB$/],
    ["a default route", ranges("default", "eth0", "10.255.255.53")],
    ["a network beside its own", ranges("10.0.0.0/24", "eth0", "10.255.255.53")],
    ["a VPN's route to everything", ranges("0.0.0.0/1", "tun0", "10.255.255.53")],
    ["its own route", ranges("10.213.0.0/24", "bots-edi-sbx", "10.255.255.53")],
    [
        "a route inside its ranges",
        ranges("10.213.0.0/16", "tun0", "10.255.255.53"),
        "the sandbox needs 10.213.0.0/24, but the route 10.213.0.0/16 of tun0 already covers it",
    ],
    [
        "a name server inside its ranges",
        ranges("default", "eth0", "10.213.1.53"),
        "the sandbox needs 10.213.1.0/24, but the name server 10.213.1.53 is in it",
    ],
    ["a firewall that drops nothing", firewall(undefined)],
    [
        "a firewall that drops what it forwards",
        firewall("drop"),
        /chain FORWARD of table ip filter.* iptables -I FORWARD -i bots-edi-sbx -j ACCEPT/,
    ],
];

describe("preflight checks", () => {
    for (const [what, check, message] of cases) {
        it(`${message === undefined ? "take" : "refuse"} ${what}`, () => {
            if (message === undefined) check();
            else assert.throws(check, { message });
        });
    }
});
