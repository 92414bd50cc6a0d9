"""TLS to the database, on real servers that take nothing else: the connections of Django and that of Bots' engine."""

import contextlib
import os
import re
import subprocess
import sys

import pytest
from databases import PASSWORD
from support import CONFIG, HAS_BOTS, MariaDb, PostgreSql, wait_until

# Whether the connection of Django, and that of the engine, is encrypted.
QUESTION = {
    "mysql": "SELECT VARIABLE_VALUE FROM information_schema.SESSION_STATUS WHERE VARIABLE_NAME = 'Ssl_cipher'",
    "postgresql": "SELECT cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
}
ASK = """
import sys
import django
django.setup()
from django.db import connection
def answer(cursor):
    cursor.execute(sys.argv[1])
    row = cursor.fetchone()
    return list(row.values())[0] if isinstance(row, dict) else row[0]
with connection.cursor() as cursor:
    print(answer(cursor))
if sys.argv[2] == "True":
    import logging
    from bots import botsglobal, botsinit
    botsinit.generalinit("config")
    botsglobal.logger = logging.getLogger()
    botsinit.connect()
    print(answer(botsglobal.db.cursor()))
"""


def openssl(folder, *arguments):
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two authorities, ca and other; of the first a certificate for 127.0.0.1, one for another name, and an expired one."""
    folder = tmp_path_factory.mktemp("certificates")
    folder.chmod(0o755)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    for authority in ("ca", "other"):
        openssl(folder, "req", "-x509", *key, "-subj", f"/CN={authority}", "-keyout", f"{authority}.key", "-out", f"{authority}.crt")
    subjects = {"here": "IP:127.0.0.1", "elsewhere": "DNS:db.example.com", "expired": "IP:127.0.0.1"}
    for name, subject in subjects.items():
        openssl(folder, "req", *key, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.csr")
        (folder / "extensions").write_text(f"subjectAltName={subject}")
        signed_by = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "extensions"]
        days = ["-days", "-1" if name == "expired" else "30"]
        openssl(folder, "x509", "-req", "-in", f"{name}.csr", *signed_by, *days, "-out", f"{name}.crt")
    return folder


def mysql(folder, certificates, name, stack):
    server = MariaDb(folder)
    stack.callback(server.stop)
    server.options = [f"--ssl-cert={certificates}/{name}.crt", f"--ssl-key={certificates}/{name}.key"]
    server.start()
    server.create("bots", "bots", PASSWORD)
    server.sql(["ALTER USER bots@'127.0.0.1' REQUIRE SSL"])
    return server


def postgresql(folder, certificates, name, stack):
    server = PostgreSql()
    stack.callback(server.stop)
    # The server reads a key that its own user alone may read.
    for suffix in ("crt", "key"):
        (server.folder / f"data/server.{suffix}").write_bytes((certificates / f"{name}.{suffix}").read_bytes())
    server.own("data/server.key")
    (server.folder / "data/pg_hba.conf").write_text(
        "host all root 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 scram-sha-256\n"
    )
    server.options = ["-c", "ssl=on"]
    server.start()
    server.create("bots", "bots", PASSWORD)
    return server


@pytest.fixture(scope="module", params=["mysql", "postgresql"])
def servers(request, tmp_path_factory, certificates):
    """Servers that refuse who speaks in clear, one with each certificate."""
    make = {"mysql": mysql, "postgresql": postgresql}[request.param]
    names = ("here", "elsewhere", "expired")
    with contextlib.ExitStack() as stack:
        yield request.param, {name: make(tmp_path_factory.mktemp(name), certificates, name, stack) for name in names}


def ask(environment, servers, name, mode, ca=""):
    engine, made = servers
    environment.variables.update(
        DB_ENGINE=engine,
        DB_HOST="127.0.0.1",
        DB_PORT=str(made[name].port),
        DB_NAME="bots",
        DB_USER="bots",
        DB_PASSWORD=PASSWORD,
        DB_SSL_MODE=mode,
        DB_SSL_CA=ca and str(ca),
        DJANGO_SETTINGS_MODULE="config.settings",
    )
    return environment.run(sys.executable, "-c", ASK, QUESTION[engine], str(HAS_BOTS))


def is_encrypted(done):
    assert done.returncode == 0, done.stderr
    ciphers = done.stdout.split("\n")[:-1]
    assert len(ciphers) == 1 + HAS_BOTS and all(cipher.startswith("TLS_") for cipher in ciphers), done.stdout


def is_refused(done):
    assert done.returncode != 0, done.stdout
    assert "certificate" in done.stderr.lower(), done.stderr


def test_a_database_that_requires_tls_was_access_denied_it_is_reached_with_whoever_answers(environment, servers):
    is_encrypted(ask(environment, servers, "here", "require"))
    is_encrypted(ask(environment, servers, "elsewhere", "require"))


def test_a_database_that_requires_tls_was_access_denied_its_certificate_is_verified(environment, servers, certificates):
    is_encrypted(ask(environment, servers, "here", "verify-ca", certificates / "ca.crt"))
    is_encrypted(ask(environment, servers, "elsewhere", "verify-ca", certificates / "ca.crt"))
    is_refused(ask(environment, servers, "here", "verify-ca", certificates / "other.crt"))


def test_a_database_that_requires_tls_was_access_denied_its_name_is_verified(environment, servers, certificates):
    is_encrypted(ask(environment, servers, "here", "verify-full", certificates / "ca.crt"))
    is_refused(ask(environment, servers, "elsewhere", "verify-full", certificates / "ca.crt"))
    is_refused(ask(environment, servers, "here", "verify-full", certificates / "other.crt"))


def test_an_expired_certificate_is_told_in_one_line_before_anything_is_initialised(environment, servers, certificates):
    is_encrypted(ask(environment, servers, "expired", "require"))
    for mode in ("verify-ca", "verify-full"):
        is_refused(ask(environment, servers, "expired", mode, certificates / "ca.crt"))
        if HAS_BOTS:
            done = environment.run(sys.executable, str(environment.config / "check.py"))
            [fault] = [line for line in done.stderr.splitlines() if line.startswith("database: ")]
            # PostgreSQL's library does not say why.
            assert re.search("certificate (has expired|verify failed)", fault), fault


@pytest.mark.parametrize("servers", ["mysql"], indirect=True)
def test_a_database_that_requires_tls_was_access_denied_pymysql_verifies_it_too(environment, servers, certificates):
    environment.hide("MySQLdb")
    is_encrypted(ask(environment, servers, "elsewhere", "require"))
    is_encrypted(ask(environment, servers, "elsewhere", "verify-ca", certificates / "ca.crt"))
    is_refused(ask(environment, servers, "elsewhere", "verify-full", certificates / "ca.crt"))


def dump(folder, servers, name, mode, ca=""):
    """Has the client of backups dump the database, and returns its exit code and what it said."""
    engine, made = servers
    folder.mkdir()
    os.mkfifo(folder / "data")
    (folder / "request").write_text("dump")
    database = {"DB_ENGINE": engine, "DB_HOST": "127.0.0.1", "DB_PORT": str(made[name].port), "DB_NAME": "bots", "DB_USER": "bots"}
    tls = {"DB_PASSWORD": PASSWORD, "DB_SSL_MODE": mode, "DB_SSL_CA": ca and str(ca), "EXCHANGE": str(folder)}
    client = subprocess.Popen(["/bin/sh", str(CONFIG / "database_client.sh")], env={**os.environ, **database, **tls})
    try:
        (folder / "data").read_bytes()
        answer = folder / "answer"
        wait_until(answer.exists, "the answer of the client")
        return int(answer.read_text()), (folder / "said").read_text()
    finally:
        client.terminate()
        client.wait(30)


def test_a_database_that_requires_tls_had_no_backups_its_client_speaks_as_bots_does(tmp_path, servers, certificates):
    dumps = {
        ("here", "require", ""): True,
        ("elsewhere", "require", ""): True,
        ("elsewhere", "verify-ca", "ca"): True,
        ("here", "verify-ca", "other"): False,
        ("here", "verify-full", "ca"): True,
        ("elsewhere", "verify-full", "ca"): False,
    }
    for index, ((name, mode, ca), expected) in enumerate(dumps.items()):
        code, said = dump(tmp_path / str(index), servers, name, mode, ca and certificates / f"{ca}.crt")
        assert (code == 0) == expected, (name, mode, ca, said)


def test_an_account_for_tls_alone_refuses_what_is_in_clear(environment, servers):
    """Without this the others could not fail."""
    if servers[0] == "mysql":
        assert "Access denied" in ask(environment, servers, "here", "prefer").stderr
    else:
        environment.variables["PGSSLMODE"] = "disable"
        assert "no encryption" in ask(environment, servers, "here", "prefer").stderr


@pytest.mark.parametrize(
    "mode, ca, expected",
    [
        ("on", "", "DB_SSL_MODE is 'on': expected one of prefer, require, verify-ca, verify-full"),
        ("verify-full", "", "DB_SSL_CA is '': expected a file beside DB_SSL_MODE verify-ca or verify-full, and only there"),
        ("require", "/ca.crt", "DB_SSL_CA is '/ca.crt': expected a file beside DB_SSL_MODE verify-ca or verify-full, and only there"),
        ("verify-ca", "/no/ca.crt", "DB_SSL_CA is '/no/ca.crt': expected a file that can be read"),
    ],
)
@pytest.mark.parametrize("engine", ["mysql", "postgresql"])
def test_a_mode_that_would_not_do_what_it_says_is_named(environment, engine, mode, ca, expected):
    server = {"DB_NAME": "edi", "DB_USER": "me", "DB_PASSWORD": "secret", "DB_HOST": "db.example.com"}
    environment.variables.update(server, DB_ENGINE=engine, DB_SSL_MODE=mode, DB_SSL_CA=ca)
    done = environment.settings("DATABASES")
    assert (done.returncode, done.stderr) == (1, f"Bots settings: {expected}\n")
