"""Executes one SQL statement on the system's database.

usage: python -c SCRIPT STATEMENT    in a container of the image
"""

import os
import sys

from bots import botsinit

botsinit.generalinit(f"/home/bots/.bots/env/{os.environ.get('BOTSENV', 'default')}/config")
from django.db import connection

with connection.cursor() as cursor:
    cursor.execute(sys.argv[1])
