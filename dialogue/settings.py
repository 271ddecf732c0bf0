"""Settings of an installation. Every value that varies comes from the environment through typed readers."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from dialogue.kit import environment
from dialogue.kit.secret import load_secrets

PACKAGE = Path(__file__).resolve().parent
DATA = environment.data_folder()
SECRETS = load_secrets(DATA)

SECRET_KEY = environment.text("SECRET_KEY") or SECRETS["secret_key"]
SEAL_KEY = SECRETS["seal_key"]
DEBUG = environment.flag("DIALOGUE_DEBUG")

# Where the product is reached. The second origin serves what companies write themselves and all tracking.
HOST = environment.text("DIALOGUE_HOST", "127.0.0.1")
PORT = environment.number("DIALOGUE_PORT", 8400)
SITE_URL = environment.text("DIALOGUE_URL", f"http://{HOST}:{PORT}")
PUBLIC_URL = environment.text("DIALOGUE_PUBLIC_URL", f"http://{HOST}:{PORT + 1}")
ALLOWED_HOSTS = [*filter(None, environment.text("DIALOGUE_HOSTS").split(",")), "127.0.0.1", "localhost", "[::1]", "testserver"]
BEHIND_TLS = SITE_URL.startswith("https://")
BEHIND_PROXY = environment.flag("DIALOGUE_BEHIND_PROXY")
# Requests a minute and process: by API key, by signed-in user, by address without either, by address at the second origin.
# `DIALOGUE_THROTTLES=off` lets everybody through, for measurements.
LIMITS = {
    "key": environment.number("DIALOGUE_LIMIT_KEY", 6000),
    "user": environment.number("DIALOGUE_LIMIT_USER", 1800),
    "address": environment.number("DIALOGUE_LIMIT_ADDRESS", 600),
    "public": environment.number("DIALOGUE_LIMIT_PUBLIC", 6000),
}
if not environment.flag("DIALOGUE_THROTTLES", default=True):
    LIMITS = dict.fromkeys(LIMITS, 0)
METRICS_TOKEN = environment.text("DIALOGUE_METRICS_TOKEN")

INSTALLED_APPS = [
    "dialogue.insight.reports",
    "dialogue.marketing.segments",
    "dialogue.marketing.policy",
    "dialogue.marketing.campaigns",
    "dialogue.marketing.attribution",
    "dialogue.selling.deals",
    "dialogue.selling.promotions",
    "dialogue.selling.purchases",
    "dialogue.selling.catalog",
    "dialogue.customers.mailboxes",
    "dialogue.customers.tasks",
    "dialogue.customers.channels",
    "dialogue.customers.timeline",
    "dialogue.customers.parties",
    "dialogue.customers.sources",
    "dialogue.platform.imports",
    "dialogue.platform.lists",
    "dialogue.platform.search",
    "dialogue.platform.notices",
    "dialogue.platform.criteria",
    "dialogue.platform.warehouse",
    "dialogue.platform.accounts",
    "dialogue.platform.tenants",
    "dialogue.platform.rates",
    "dialogue.platform.mail",
    "dialogue.platform.files",
    "dialogue.platform.audit",
    "dialogue.platform.jobs",
    "dialogue.platform.embedded",
    "dialogue.faces.office",
    "dialogue.kit",
    "procrastinate.contrib.django",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "dialogue.faces.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dialogue.faces.middleware.ContentPolicyMiddleware",
    "dialogue.faces.middleware.TransactionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "dialogue.faces.middleware.OpeningMiddleware",
    "dialogue.faces.limits.LimitMiddleware",
    "dialogue.faces.middleware.CompanyMiddleware",
    "dialogue.faces.middleware.KeyMiddleware",
    "dialogue.faces.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "dialogue.faces.middleware.RefusalMiddleware",
    "dialogue.faces.middleware.RoomsMiddleware",
    "dialogue.faces.middleware.ApiMiddleware",
]

ROOT_URLCONF = "dialogue.faces.urls"
# The second origin knows no session and no cookie; its forms carry their secret in the address.
TRACKER_MIDDLEWARE = [
    "dialogue.faces.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "dialogue.faces.middleware.ContentPolicyMiddleware",
    "dialogue.faces.limits.PublicLimitMiddleware",
    "dialogue.faces.middleware.TransactionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "dialogue.faces.middleware.RefusalMiddleware",
]
WSGI_APPLICATION = "dialogue.faces.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "dialogue.faces.context.shell",
            ],
            "loaders": [
                (
                    "template_partials.loader.Loader",
                    [
                        (
                            "django.template.loaders.cached.Loader",
                            [
                                "django.template.loaders.filesystem.Loader",
                                "django.template.loaders.app_directories.Loader",
                            ],
                        )
                    ],
                )
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "dialogue.kit.templatetags.kept",
                "dialogue.kit.templatetags.addresses",
                "dialogue.kit.templatetags.pieces",
            ],
        },
    },
]

# One database, two roles: migrations run as the owner, everything else as the fenced application role.
BACKEND = "dialogue.platform.embedded.backend"
DATABASE_URL = environment.text("DATABASE_URL")
DATABASE_APP_URL = environment.text("DATABASE_APP_URL")


def _databases() -> dict[str, dict[str, Any]]:
    shared: dict[str, Any] = {"ENGINE": BACKEND, "CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    if not DATABASE_URL:
        local = shared | {"NAME": "dialogue", "EMBEDDED": str(DATA), "PREPARES": True}
        return {"default": local | {"USER": "dialogue_app"}, "owner": local | {"USER": "dialogue_owner"}}
    # A pooler that mixes connections between transactions may not know the statements prepared on another.
    shared["PREPARES"] = environment.flag("DIALOGUE_PREPARE")
    owner = shared | environment.database(DATABASE_URL)
    if DATABASE_APP_URL:
        return {"default": shared | environment.database(DATABASE_APP_URL), "owner": owner}
    role = environment.application_role(str(owner["NAME"]))
    application = owner | {"USER": role, "PASSWORD": SECRETS["application_password"]}
    return {"default": application, "owner": owner}


DATABASES = _databases()
DATABASE_ROUTERS: list[str] = []

CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "dialogue_cache"}}

# Signing in is allauth's; the person is ours.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "dialogue.platform.accounts.adapter.AccountAdapter"
ACCOUNT_RATE_LIMITS: dict[str, str] = {}
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not BEHIND_TLS
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_NAME = "dialogue_session"
SESSION_COOKIE_SECURE = BEHIND_TLS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "dialogue_csrf"
CSRF_COOKIE_SECURE = BEHIND_TLS
CSRF_TRUSTED_ORIGINS = [SITE_URL, PUBLIC_URL]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = "dialogue.kit.formats"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("uk", "Українська"), ("ro", "Română")]
LANGUAGE_COOKIE_NAME = "dialogue_language"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = environment.text("DIALOGUE_STATIC") or None
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 31536000
STATICFILES_DIRS: list[str] = []

PROCRASTINATE_IMPORT_PATHS: list[str] = []
PROCRASTINATE_ON_APP_READY = "dialogue.platform.jobs.queue.on_app_ready"
PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "schedules"

# The installation's own letters (sign-in): without a server the operator reads them in the office.
DIALOGUE_SMTP = environment.text("DIALOGUE_SMTP")
DEFAULT_FROM_EMAIL = environment.text("DIALOGUE_MAIL_FROM", "dialogue@localhost.example.org")
EMAIL_BACKEND = "dialogue.platform.mail.service.EmailBackend"
# Links of letters are asked before a launch whether they answer; those of the own network only in tests.
LINKS_OF_OWN_NETWORK = False
# How text records are looked up; tests put their own in.
TXT_LOOKUP = "dialogue.platform.mail.dns.find_txt"

IMPORT_MAX_MB = environment.number("IMPORT_MAX_MB", 512)
OPEN_REGISTRATION = environment.text("DIALOGUE_REGISTRATION") == "open"
MEDIA_ROOT = DATA / "files"
WAREHOUSE_ROOT = Path(environment.text("DIALOGUE_WAREHOUSE") or DATA / "warehouse")
WAREHOUSE_MEMORY = environment.text("DIALOGUE_WAREHOUSE_MEMORY", "1GB")
# Files of records: a folder, or a bucket: s3://key:secret@host/bucket?region=…
FILES_FOLDER = MEDIA_ROOT / "kept"
FILES_URL = environment.text("FILES_URL")
FILE_MAX_MB = environment.number("FILE_MAX_MB", 25)
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_TEMP_DIR = None

# Development and tests may name another settings file of the data folder; the office shows this name of the product.
PRODUCT_NAME = _("Dialogue")
SILENCED_SYSTEM_CHECKS = ["fields.W342", "models.W042"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"()": "dialogue.kit.logs.JsonLine"}},
    "handlers": {"stderr": {"class": "dialogue.kit.logs.Stderr", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("DIALOGUE_LOG", "WARNING")},
    "loggers": {
        "dialogue": {"level": os.environ.get("DIALOGUE_LOG", "INFO")},
        "django.request": {"level": "ERROR"},
    },
}
