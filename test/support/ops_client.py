# Evaluates one expression of the ops library's Pebble client `c` (module `p`) and prints what comes of it as JSON.
import enum
import json
import sys

import ops.pebble as p


def plain(value):
    if isinstance(value, enum.Enum):
        return value.value
    if hasattr(value, "to_dict"):
        return value.to_dict()
    return getattr(value, "__dict__", None) or str(value)


c = p.Client(socket_path=sys.argv[1])
try:
    outcome = {"value": eval(sys.argv[2])}
except p.Error as error:
    outcome = {"error": type(error).__name__, "message": str(error)}
print(json.dumps(outcome, default=plain))
