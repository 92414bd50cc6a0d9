"""Makes a superuser of Bots' web pages, or gives one a new password. Runs in a container of Bots.

    superuser.py NAME EMAIL                 makes the user; an existing one is an error
    superuser.py --new-password NAME EMAIL  makes the user, or gives an existing one this password
    superuser.py                            the user of SUPERUSER_USERNAME, SUPERUSER_EMAIL and SUPERUSER_PASSWORD, unless it is
                                            there: it is then left as it is

The password is asked for on a terminal, twice, and otherwise read from the input. Ends with one line that says what was done, or,
with exit code 1, what is wrong.
"""

import getpass
import os
import sys

sys.path.insert(0, "/config")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

import django  # noqa: E402  (the settings have to be found first)

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.contrib.auth.password_validation import validate_password  # noqa: E402
from django.core.exceptions import ValidationError  # noqa: E402
from django.db import Error  # noqa: E402


def read_password(name):
    """Returns the password that somebody types, or the whole input."""
    if not sys.stdin.isatty():
        return sys.stdin.read().strip("\r\n")
    password = getpass.getpass(f"Password of {name}: ")
    if password != getpass.getpass("The same again: "):
        sys.exit("Nothing was changed: the two passwords differ")
    return password


def from_environment():
    """Returns name, mail address and password of the Secret."""
    values = {key: os.environ.get(f"SUPERUSER_{key}", "") for key in ("USERNAME", "EMAIL", "PASSWORD")}
    for key, value in values.items():
        if not value:
            sys.exit(f"Nothing was changed: SUPERUSER_{key} is empty: set it in the Secret")
    return values.values()


def provide(name, email, password, keep):
    """Makes the user, or sets its password. `keep`: an existing one is left alone. Returns what was done."""
    users = get_user_model().objects
    user = users.filter(username=name).first()
    if user and keep:
        return f"User {name} is there already, and stays as it is"
    if user and user.check_password(password):
        return f"User {name} has this password already"
    made = user is None
    user = user or users.model(username=name, email=email, is_staff=True, is_superuser=True)
    if made:
        user.set_unusable_password()  # a field that may not be empty
        user.full_clean()
    validate_password(password, user)
    user.set_password(password)
    user.save()
    return f"User {name} is made" if made else f"User {name} has a new password"


def main(arguments):
    """Does what the arguments say; returns the line that says so."""
    if not arguments:
        name, email, secret = from_environment()
        return provide(name, email, secret, keep=True)
    *options, name, email = arguments
    exists = get_user_model().objects.filter(username=name).exists()
    if exists and "--new-password" not in options:
        sys.exit(f"Nothing was changed: there is a user {name} already; --new-password gives it a new password")
    secret = read_password(name)
    return provide(name, email, secret, keep=False)


try:
    print(main(sys.argv[1:]))
except ValidationError as error:
    fields = getattr(error, "message_dict", {"password": error.messages})
    sys.exit("Nothing was changed: " + "; ".join(f"{name}: {' '.join(words)}" for name, words in fields.items()))
except Error as error:
    sys.exit(f"Nothing was changed: {' '.join(str(error).split())}")
