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

describe("preflight checks", () => {
    it("take a good machine", () => {
        requireAdministrator(machine);
        requireResources({ isNew: true, isBuilt: false }, machine);
        requireFreeRanges(
            [
                { dst: "default", dev: "eth0" },
                { dst: "10.0.0.0/24", dev: "eth0" },
                { dst: "0.0.0.0/1", dev: "tun0" },
            ],
            ["10.255.255.53"],
        );
    });

    it("refuse another system than Linux", () => {
        assert.throws(() => {
            requireAdministrator({ ...machine, platform: "darwin" });
        }, /needs Linux; this is darwin/);
    });

    it("refuse another user than root", () => {
        assert.throws(() => {
            requireAdministrator({ ...machine, uid: 1000 });
        }, /belongs to root; run this with sudo/);
    });

    it("refuse too little memory, with both amounts", () => {
        assert.throws(
            () => {
                requireResources({ isNew: true, isBuilt: true }, { ...machine, memory: 2 * gibibyte });
            },
            {
                message: "the sandbox needs 3.0 GiB memory; there is 2.0 GiB",
            },
        );
    });

    it("refuse too little disk, with the place", () => {
        assert.throws(
            () => {
                requireResources({ isNew: true, isBuilt: true }, { ...machine, freeDisk: () => gibibyte });
            },
            {
                message: "the sandbox needs 3.0 GiB free disk at /var/lib/bots-edi-sandbox; there is 1.0 GiB",
            },
        );
    });

    it("take a sandbox that is there already on a disk that has filled up since", () => {
        requireResources({ isNew: false, isBuilt: true }, { ...machine, freeDisk: () => gibibyte });
    });

    it("ask for room to build only where something is to be built", () => {
        const tight = { ...machine, freeDisk: () => 4 * gibibyte };
        requireResources({ isNew: true, isBuilt: true }, tight);
        assert.throws(() => {
            requireResources({ isNew: true, isBuilt: false }, tight);
        }, /8\.0 GiB free disk to build the binaries/);
    });

    it("refuse a route inside the address ranges, but not the sandbox's own", () => {
        requireFreeRanges([{ dst: "10.213.0.0/24", dev: "bots-edi-sbx" }], []);
        assert.throws(
            () => {
                requireFreeRanges([{ dst: "10.213.0.0/16", dev: "tun0" }], []);
            },
            {
                message: "the sandbox needs 10.213.0.0/24, but the route 10.213.0.0/16 of tun0 already covers it",
            },
        );
    });

    it("refuse a firewall that drops what it forwards, and say what to allow", () => {
        requireForwarding([]);
        const chain = { family: "ip", table: "filter", name: "FORWARD", hook: "forward", policy: "drop" };
        assert.throws(() => {
            requireForwarding([chain]);
        }, /chain FORWARD of table ip filter.* iptables -I FORWARD -i bots-edi-sbx -j ACCEPT/);
    });

    it("refuse a name server inside the address ranges", () => {
        assert.throws(() => {
            requireFreeRanges([], ["10.213.1.53"]);
        }, /10\.213\.1\.0\/24, but the name server 10\.213\.1\.53/);
    });
});
