"""Uses the engine lock as an engine does, without one: lock_user.py WAIT [NAME=VALUE of engine_lock...].

Says "held" when it has it, then confirms it before it says "sent" for each line of its input.
"""

import os
import sys

import django

sys.path.append(os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
sys.path.append(os.path.join(os.getcwd(), "config"))

import engine_lock  # noqa: E402  (needs the set-up above)

for change in sys.argv[2:]:
    name, _, value = change.partition("=")
    owner, _, attribute = name.rpartition(".")
    setattr(getattr(engine_lock, owner) if owner else engine_lock, attribute, float(value) if not owner else value)
lock = engine_lock.EngineLock("botssys/engine.lock", int(sys.argv[1]), engine_lock.BUSY)
lock.acquire()
print("held", flush=True)
for _ in sys.stdin:
    lock.confirm()
    print("sent", flush=True)
