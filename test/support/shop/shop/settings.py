"""Settings of the project that tests of metrics serve."""

SECRET_KEY = "for tests only"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "shop.urls"
# A 500 is Django's own answer, without a traceback on stderr.
LOGGING_CONFIG = None
