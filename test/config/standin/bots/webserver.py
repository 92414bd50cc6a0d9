"""Serves Django the way bots-webserver does: python -m bots.webserver DIRECTORY-OF-CONFIG PORT."""

import os
import sys

import django
from cheroot.wsgi import Server
from django.core.handlers.wsgi import WSGIHandler

sys.path.append(os.path.dirname(sys.argv[1]))
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()
Server(("127.0.0.1", int(sys.argv[2])), WSGIHandler()).start()
