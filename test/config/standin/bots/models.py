"""The tables that /health/startup waits for, without Bots' columns but one."""

from django.db import models


class Channel(models.Model):
    class Meta:
        db_table = "channel"


class Routes(models.Model):
    dirmonitor = models.BooleanField(default=False, help_text="Monitor fromchannel (file).")

    class Meta:
        db_table = "routes"


class Ta(models.Model):
    class Meta:
        db_table = "ta"


class Mutex(models.Model):
    class Meta:
        db_table = "mutex"
