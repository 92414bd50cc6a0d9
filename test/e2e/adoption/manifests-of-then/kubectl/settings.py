"""Django settings as they were: no probes, no lock between engines."""

import configparser
import importlib.util
import os
import sys

import bots

HERE = os.path.dirname(os.path.abspath(__file__))
ini = configparser.RawConfigParser()
ini.read(os.path.join(HERE, "bots.ini"))
usersys = ini.get("directories", "usersys")

# Bots 3.3 forms a module's name from an absolute path.
name = importlib.util.resolve_name(usersys.replace(os.sep, "."), "bots")
spec = importlib.util.spec_from_file_location(name, f"{usersys}/__init__.py", submodule_search_locations=[usersys])
sys.modules[name] = importlib.util.module_from_spec(spec)

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.mysql",
        "NAME": os.environ["DB_NAME"],
        "USER": os.environ["DB_USER"],
        "PASSWORD": os.environ["DB_PASSWORD"],
        "HOST": os.environ["DB_HOST"],
        "PORT": os.environ["DB_PORT"],
        "OPTIONS": {"charset": "utf8mb4", "init_command": "SET sql_mode='STRICT_TRANS_TABLES'"},
    }
}
SECRET_KEY = os.environ["DJANGO_SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["*"]
MANAGERS = ()
TIME_ZONE = "UTC"
USE_TZ = False
LANGUAGE_CODE = "en-us"
USE_I18N = True
LOCALE_PATHS = [os.path.join(bots.__path__[0], "locale")]
ROOT_URLCONF = "bots.urls"
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/home"
LOGOUT_URL = "/logout/"
SITE_ID = 1
STATIC_URL = "/static/"
STATIC_ROOT = "/tmp/static"
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "bots",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [os.path.join(bots.__path__[0], "templates")],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "bots.bots_context.set_context",
            ],
        },
    },
]
