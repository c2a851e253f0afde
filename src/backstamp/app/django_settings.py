"""Django's settings, made from ours; the console builds on them (`console_settings`)."""

import os
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from django.http.request import split_domain_port

from backstamp import __version__
from backstamp.app import keyfile
from backstamp.app.settings import load
from backstamp.app.settings.data_dir import DataFile
from backstamp.app.settings.table import CONSOLE_URL, DATABASE_URL
from backstamp.app.starting.data_dir import prepare_data_dir
from backstamp.app.wiring.console import console_config
from backstamp.app.wiring.postgresql import connection_settings

_settings = load()
prepare_data_dir(_settings)
_url = urlsplit(_settings[CONSOLE_URL])


def _database() -> dict[str, Any]:
    url = _settings[DATABASE_URL]
    if not url:
        path = _settings.in_data_dir(DataFile.DATABASE)
        # Who read what is for nobody else, wherever the file is copied. SQLite gives its log the same mode.
        with suppress(OSError):  # which SQLite will meet too, and say
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        return {
            "ENGINE": "backstamp.records.database.sqlite",
            "NAME": path,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # FULL: what is committed is on the disk (NORMAL syncs at checkpoints only). Ingest deletes
                # journal files after a commit; a withdrawn consent must not come undone.
                # The cache (in KiB) holds the pages that a batch of hits on many messages changes; a log of
                # 64 MiB is written back to the file in one go instead of every 4 MiB. What is deleted is
                # overwritten (Debian's SQLite does so by itself).
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; "
                "PRAGMA cache_size=-65536; PRAGMA wal_autocheckpoint=16000; PRAGMA mmap_size=1073741824;",
            },
        }
    return connection_settings(url)


BACKSTAMP = console_config(_settings)
BACKSTAMP_VERSION = __version__

SECRET_KEY = keyfile.read(_settings.in_data_dir(DataFile.KEYS)).derive("django").hex()
DEBUG = False
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = True
DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "django_htmx",
    "backstamp.records.apps.RecordsConfig",
    "backstamp.console.apps.ConsoleConfig",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "backstamp.console.serving.middleware.SecurityHeadersMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "backstamp.console.serving.middleware.Utf8FormsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "backstamp.console.serving.kept_forms.SignInMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "backstamp.console.serving.middleware.NotAllowedPageMiddleware",
]
ROOT_URLCONF = "backstamp.console.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
FORM_RENDERER = "backstamp.console.forms.bound_fields.Renderer"
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_ALLOW_ALL_ORIGINS = False

# As Django reads it from the Host field: an IPv6 address keeps its brackets there.
ALLOWED_HOSTS = [split_domain_port(_url.netloc)[0] or "127.0.0.1"]
CSRF_TRUSTED_ORIGINS = [f"{_url.scheme}://{_url.netloc}"]
SESSION_COOKIE_NAME = "backstamp_session"
CSRF_COOKIE_NAME = "backstamp_csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _url.scheme == "https"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "messages"
LOGOUT_REDIRECT_URL = "sign-in"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "backstamp.console.serving.sign_in_adapter.SignInAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "sign-in"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # Nothing but failed sign-ins is counted there, by address and by client: two entries of 0.5 KB for
        # each. With Django's 300 whoever had many clients made their failures forgotten, and went on
        # guessing. More than this no machine of eight cores hashes passwords in the five minutes that count.
        "OPTIONS": {"MAX_ENTRIES": 20_000},
    }
}
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGGING_CONFIG = None
