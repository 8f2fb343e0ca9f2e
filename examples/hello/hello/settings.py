"""Settings of the example. A deployment sets them through the environment, as djsup and its charm-like options do."""

import json
import os

DEBUG = os.environ.get("DJANGO_DEBUG", "false") == "true"

# The default is for trying things out on this machine; a deployment sets its own.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "not-a-secret-only-for-development")

# A JSON list, for instance '["example.com"]'.
ALLOWED_HOSTS = json.loads(os.environ.get("DJANGO_ALLOWED_HOSTS", '["localhost", "127.0.0.1", "[::1]"]'))

ROOT_URLCONF = "hello.urls"
WSGI_APPLICATION = "hello.wsgi.application"
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
TIME_ZONE = "UTC"
USE_TZ = True
