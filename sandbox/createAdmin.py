"""Makes the user admin, or sets its password, which is read from the input. Runs in a container of Bots."""

import os
import sys

sys.path.insert(0, f"/home/bots/.bots/env/{os.environ.get('BOTSENV', 'default')}/config")
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"

import django  # noqa: E402  (the settings have to be found first)

django.setup()

from django.contrib.auth.models import User  # noqa: E402

password = sys.stdin.read().strip()
user, _ = User.objects.get_or_create(username="admin", defaults={"is_staff": True, "is_superuser": True})
if not user.check_password(password):
    user.set_password(password)
    user.save()
    print("set")
