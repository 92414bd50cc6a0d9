"""bots.ini against the Bots that is installed: every key that it reads is there, and no other."""

import ast
import configparser
import re
from pathlib import Path

import pytest
from support import CONFIG, HAS_BOTS

TEXT = (CONFIG / "bots.ini").read_text()
needs_bots = pytest.mark.skipif(not HAS_BOTS, reason="Bots for this Django is not on the package index")

# Where Bots takes the section's name from a variable, the sections that it can be.
SECTIONS = {"logname": ["webserver", "jobqueue", "dirmonitor"], "section": ["dirmonitor1"]}
SECTIONS["proc_name"] = SECTIONS["logname"]


def documented():
    """Returns for each (section, key) of the file: whether it is set, its value, and the comment above it."""
    keys, section, comment, after_entry = {}, "", "", False
    for line in TEXT.splitlines():
        if header := re.fullmatch(r"(?:# )?\[(\w+)\]", line):
            section, comment = header[1], ""
        elif entry := re.fullmatch(r"(# )?([a-z0-9_]+) =(?: (.*))?", line):
            keys[section, entry[2]] = (not entry[1], entry[3] or "", comment)
            after_entry = True
        elif line.startswith("#"):
            comment = line if after_entry else comment + line
            after_entry = False
        else:
            comment = ""
    return keys


def calls():
    """Yields the arguments of each call on Bots' ini in the sources of the installed Bots, by the method's name."""
    import bots

    for path in Path(bots.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="ini"), attr=method)):
                    yield method, node.args


def read_by_bots():
    """Returns for each (section, key) that the installed Bots reads, and does not set itself, the defaults it has."""
    read, set_by_bots = {}, set()
    for method, arguments in calls():
        match method, arguments:
            case "set", [ast.Constant(value=section), ast.Constant(value=key), *_]:
                set_by_bots.add((section, key))
            case ("get" | "getint" | "getboolean"), [section, ast.Constant(value=key), *default]:
                sections = [section.value] if isinstance(section, ast.Constant) else SECTIONS[section.id]
                for name in sections:
                    read.setdefault((name, key), set()).update(*map(written, default))
    return {key: defaults for key, defaults in read.items() if key not in set_by_bots or key in documented()}


def written(node):
    """Returns how a default can be written in the file; None where it is no constant."""
    if not isinstance(node, ast.Constant):
        return {None}
    return {"", str(node.value)} if node.value in (None, "", " ", False) else {str(node.value)}


def test_it_says_what_the_deployment_relies_on():
    ini = configparser.RawConfigParser()
    ini.read_string(TEXT)
    assert ini.getboolean("jobqueue", "enabled") is True
    assert ini.getint("webserver", "port") == 8080
    assert ini.getint("settings", "port") == 28081
    assert ini.getint("jobqueue", "port") == 28082
    assert ini.get("directories", "botssys") == "/home/bots/.bots/env/default/botssys"
    assert ini.get("directories", "usersys") == "/home/bots/.bots/env/default/usersys"
    assert ini.getboolean("acceptance", "runacceptancetest") is False
    assert not [section for section in ini.sections() if re.fullmatch(r"dirmonitor\d+", section)]


def test_a_section_can_be_appended():
    ini = configparser.RawConfigParser()
    ini.read_string(TEXT + "\n[dirmonitor1]\npath = /somewhere\nroute = orders\n")
    assert dict(ini["dirmonitor1"]) == {"path": "/somewhere", "route": "orders"}


def test_every_key_is_explained():
    logs = {"log_console", "log_console_level", "log_file_level"}
    plain = [
        key
        for key, (_, _, comment) in documented().items()
        if not comment and key[0] != "charsets" and key[1] not in logs
    ]
    assert plain == []


@needs_bots
def test_every_key_that_bots_reads_is_there():
    assert sorted(set(read_by_bots()) - set(documented())) == []


@needs_bots
def test_every_key_that_is_there_is_read_by_this_bots_or_marked_for_the_other():
    from bots import botsglobal

    mark = "(3.3)" if botsglobal.version.startswith("4") else "(4)"
    read = set(read_by_bots())
    unread = {
        key
        for key, (_, _, comment) in documented().items()
        if key not in read and mark not in comment and key[0] != "charsets"
    }
    assert unread == set()


@needs_bots
def test_a_key_that_is_not_set_shows_the_default_of_bots():
    read = read_by_bots()
    wrong = {
        key: (value, read[key])
        for key, (is_set, value, _) in documented().items()
        if not is_set and key in read and read[key] and None not in read[key] and value not in read[key]
    }
    assert wrong == {}
