"""Makes routes of numbered orders: each has an inbox of its own, and an outbox in which a second delivery shows.

usage: python -c SCRIPT ROUTE...    in a container of the image, beside the sample order's usersys
"""

import os
import sys

from bots import botsglobal, botsinit

botsinit.generalinit(f"/home/bots/.bots/env/{os.environ.get('BOTSENV', 'default')}/config")
from bots.models import channel, routes, translate

translate.objects.update_or_create(
    fromeditype="edifact",
    frommessagetype="ORDERSD96AUN",
    tscript="sample_order",
    defaults={"active": True, "alt": "", "toeditype": "csv", "tomessagetype": "sample_order"},
)
for route in sys.argv[1:]:
    ends = {}
    # *: a number of the channel's own, new for each file.
    for end, folder, filename in ("in", "infile", "*.edi"), ("out", "outfile", "{botskey}-*.csv"):
        path = os.path.join(botsglobal.ini.get("directories", "botssys"), folder, route)
        os.makedirs(path, exist_ok=True)
        ends[end] = channel.objects.create(
            idchannel=f"{route}_{end}", inorout=end, type="file", path=path, filename=filename, remove=True, secret=""
        )
    routes.objects.create(
        idroute=route,
        active=True,
        fromchannel=ends["in"],
        fromeditype="edifact",
        frommessagetype="edifact",
        tochannel=ends["out"],
        toeditype="csv",
        tomessagetype="sample_order",
        translateind=1,
    )
