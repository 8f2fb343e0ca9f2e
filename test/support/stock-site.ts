// A Django project with one slow migration: it writes a line into $RUNS when it begins, and ends once the file $GO is there;
// as long as $FAIL is there it fails. The page / answers with the number of items in the migrated table.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const settings = `
import os
from pathlib import Path
from urllib.parse import unquote, urlparse

SECRET_KEY = "test"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "site_of_stock.urls"
WSGI_APPLICATION = "site_of_stock.wsgi.application"
INSTALLED_APPS = ["stock"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
url = urlparse(os.environ["DATABASE_URL"])
if url.scheme == "sqlite":
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": url.path}}
else:
    DATABASES = {"default": {
        "ENGINE": "django.db.backends.postgresql", "NAME": url.path[1:], "HOST": url.hostname,
        "PORT": url.port, "USER": unquote(url.username), "PASSWORD": unquote(url.password),
    }}
`;

const migration = `
import os
import time
from django.db import migrations, models


def slowly(apps, schema_editor):
    with open(os.environ["RUNS"], "a") as runs:
        runs.write(os.environ.get("DJSUP_LEADER_ID", "nobody") + "\\n")
    if os.path.exists(os.environ["FAIL"]):
        raise RuntimeError("the shelves are empty")
    while not os.path.exists(os.environ["GO"]):
        time.sleep(0.02)
    apps.get_model("stock", "Item").objects.create(name="first")


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel("Item", [
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=20)),
        ]),
        migrations.RunPython(slowly),
    ]
`;

const files: Readonly<Record<string, string>> = {
  'manage.py':
    'import os, sys\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_stock.settings")\nfrom django.core.management import execute_from_command_line\nexecute_from_command_line(sys.argv)\n',
  'requirements.txt': 'Django\n',
  'site_of_stock/__init__.py': '',
  'site_of_stock/settings.py': settings,
  'site_of_stock/urls.py':
    'from django.http import HttpResponse\nfrom django.urls import path\nfrom stock.models import Item\nurlpatterns = [path("", lambda request: HttpResponse(f"items: {Item.objects.count()}"))]\n',
  'site_of_stock/wsgi.py':
    'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_of_stock.settings")\nfrom django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n',
  'stock/__init__.py': '',
  'stock/models.py':
    'from django.db import models\n\n\nclass Item(models.Model):\n    name = models.CharField(max_length=20)\n',
  'stock/migrations/__init__.py': '',
  'stock/migrations/0001_initial.py': migration,
};

/** Writes it into a directory. */
export function writeStockSite(directory: string): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), text);
  }
}
