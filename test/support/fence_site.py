"""A Django of one table, for the fence: reads a line of JSON a step, acts, answers with a line.

Arguments: the database as a JSON object of Django's settings, the folder of djsup_leader.py. Steps: {"do": "prepare" | "begin" |
"effect" | "commit" | "effects" | "require"}; "begin" opens a transaction and fences it unless {"fenced": false}.
"""

import importlib.util
import json
import os
import sys

from django.conf import settings

settings.configure(DATABASES={"default": json.loads(sys.argv[1])}, INSTALLED_APPS=[], USE_TZ=True)
sys.path.insert(0, sys.argv[2])

import django  # noqa: E402

django.setup()

from django.db import connection, transaction  # noqa: E402
from djsup_leader import StaleLeader, fence, require  # noqa: E402

transactions = []


def prepare():
    spec = importlib.util.spec_from_file_location("fence_migration", os.path.join(sys.argv[2], "0001_djsup_fence.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    migration = module.Migration("0001_djsup_fence", "shop")
    from django.db.migrations.state import ProjectState

    with connection.schema_editor() as editor:
        migration.apply(ProjectState(), editor)
        editor.execute("CREATE TABLE effect (epoch bigint NOT NULL)")


def begin(fenced):
    block = transaction.atomic()
    block.__enter__()
    transactions.append(block)
    if fenced:
        fence(connection)


def effect():
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect (epoch) VALUES (%s)", [int(os.environ["DJSUP_LEADER_EPOCH"])])


def effects():
    with connection.cursor() as cursor:
        cursor.execute("SELECT epoch FROM effect ORDER BY epoch")
        return [row[0] for row in cursor.fetchall()]


def act(step):
    match step["do"]:
        case "prepare":
            return prepare()
        case "begin":
            return begin(step.get("fenced", True))
        case "effect":
            return effect()
        case "commit":
            return transactions.pop().__exit__(None, None, None)
        case "effects":
            return effects()
        case "fence":
            return fence(connection)
        case "require":
            return require(step["min_valid"])


for line in sys.stdin:
    try:
        answer = {"value": act(json.loads(line))}
    except (StaleLeader, RuntimeError) as error:
        if transactions:
            transactions.pop().__exit__(type(error), error, None)
        answer = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(answer), flush=True)
