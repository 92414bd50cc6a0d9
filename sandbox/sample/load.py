"""Installs the sample order into the Bots that runs here: grammars, mapping, channels, route and translation.

usage: python load.py [--drop]    in a container of the image, beside this folder's files; safe to run again

--drop also puts the sample order into the inbox, whole or not at all.
"""

import argparse
import os
import pathlib
import shutil
import sys

HERE = pathlib.Path(__file__).resolve().parent
CONFIG_DIR = f"/home/bots/.bots/env/{os.environ.get('BOTSENV', 'default')}/config"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drop", action="store_true", help="put the sample order into the inbox")
    drop = parser.parse_args().drop

    # Bots 4 would take the usersys beside this file for its own.
    sys.path.remove(str(HERE))
    from bots import botsglobal, botsinit

    botsinit.generalinit(CONFIG_DIR)
    directories = {name: pathlib.Path(botsglobal.ini.get("directories", name)) for name in ("usersysabs", "botssys")}
    inbox, outbox = (directories["botssys"] / folder / "sample" for folder in ("infile", "outfile"))
    for folder in (inbox, outbox):
        folder.mkdir(parents=True, exist_ok=True)
    for source in sorted((HERE / "usersys").rglob("*.py")):
        target = directories["usersysabs"] / source.relative_to(HERE / "usersys")
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_whole(source, target)
    configure(inbox, outbox)
    print(f"sample: route sample_order reads {inbox}/*.edi and writes to {outbox}")
    if drop:
        copy_whole(HERE / "order.edi", inbox / "order.edi")
        print(f"sample: the order is in {inbox}")


def configure(inbox, outbox):
    """Writes the two channels, the route between them and its translation."""
    from bots.models import channel, routes, translate

    incoming, _ = channel.objects.update_or_create(
        idchannel="sample_in",
        defaults={"inorout": "in", "type": "file", "path": str(inbox), "filename": "*.edi", "remove": True},
    )
    outgoing, _ = channel.objects.update_or_create(
        idchannel="sample_out",
        # {overwrite}: Bots appends to a file that exists, and the same order sent twice is still one order.
        defaults={
            "inorout": "out",
            "type": "file",
            "path": str(outbox),
            "filename": "{overwrite}order-{botskey}.csv",
        },
    )
    translate.objects.update_or_create(
        fromeditype="edifact",
        frommessagetype="ORDERSD96AUN",
        tscript="sample_order",
        defaults={"active": True, "alt": "", "toeditype": "csv", "tomessagetype": "sample_order"},
    )
    routes.objects.update_or_create(
        idroute="sample_order",
        seq=1,
        defaults={
            "active": True,
            "fromchannel": incoming,
            "fromeditype": "edifact",
            "frommessagetype": "edifact",
            "tochannel": outgoing,
            "toeditype": "csv",
            "tomessagetype": "sample_order",
            "translateind": 1,
        },
    )


def copy_whole(source, target):
    """Copies a file so that nobody sees half of it."""
    partial = target.with_name(f".{target.name}.partial")
    shutil.copyfile(source, partial)
    partial.replace(target)


if __name__ == "__main__":
    main()
