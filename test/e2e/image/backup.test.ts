/** The script of CronJob bots-config-backup, in the image. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { ground } from "./rootHooks";
import { environmentFolder, System } from "./system";

const START = `
import logging, sys
from bots import botsglobal, botsinit
botsinit.generalinit(sys.argv[1])
botsglobal.logger = logging.getLogger("bots")
from bots import pluglib
from bots.models import channel, partner, partnergroep, routes, translate
`;
const ADD_PARTNERS = `
group = partnergroep.objects.create(idpartner="retail", active=True, name="Retail")
buyer = partner.objects.create(idpartner="buyer", active=True, isgroup=False, name="Müller")
buyer.group.set([group])
`;
const FORGET = "[model.objects.all().delete() for model in (routes, translate, partner, channel)]";

describe("backup", () => {
    let system: System;
    const config = `${environmentFolder}/config`;
    const inBots = async (code: string, ...args: string[]) => {
        const script = `cp /config/* ${config} && python -c "$@"`;
        const { code: exit, output } = await system.run(["sh", "-c", script, "sh", START + code, config, ...args]);
        assert.equal(exit, 0, output);
    };
    const configured = () =>
        system.sql(`SELECT idroute, fromchannel_id, tochannel_id FROM routes;
                    SELECT idchannel, path, filename FROM channel;
                    SELECT frommessagetype, tscript, tomessagetype FROM translate;
                    SELECT idpartner, name FROM partner;
                    SELECT from_partner_id, to_partner_id FROM partnergroup`);

    before(async () => {
        system = new System(ground());
        await system.startDatabase();
        await system.installSample();
        await inBots(ADD_PARTNERS);
    });
    after(() => system.stop());

    it("brings back what was configured, whole, and Bots reads back what of it is a plugin", async () => {
        const before = await configured();
        assert.match(before, /sample_order\tsample_in\tsample_out[^]*buyer\tretail/);
        const grammar = system.environmentPath("usersys/grammars/edifact/ORDERSD96AUN.py");
        const written = readFileSync(grammar, "utf8");

        const saved = await system.backup("make");
        const [set = ""] = readdirSync(system.path("backup")).filter((name) => name.endsWith("Z"));
        assert.match(saved, new RegExp(`Saved /backup/${set}: \\d+ bytes, .* [1-9]\\d* files of usersys`));

        await inBots(FORGET);
        rmSync(grammar);
        assert.equal(await configured(), "");
        await inBots("pluglib.read_plugin(sys.argv[2])", `/backup/${set}/configuration.zip`);
        assert.equal(await configured(), before);
        assert.equal(readFileSync(grammar, "utf8"), written);

        await inBots(FORGET);
        rmSync(grammar);
        assert.match(await system.backup("restore", set, "--replace"), new RegExp(`^Restored /backup/${set}: `, "m"));
        assert.equal(await configured(), before);
        assert.equal(readFileSync(grammar, "utf8"), written);
    });
});
