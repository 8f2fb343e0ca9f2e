"""Three pages to watch a supervised Gunicorn with: a greeting, a slow one, and one that kills its worker."""

import os
import signal
import sys
import time

from django.http import HttpRequest, HttpResponse

MAX_SECONDS = 60.0


def hello(request: HttpRequest) -> HttpResponse:
    """Says hello, and who says it."""
    return text(f"Hello from Django.\nworker class: {worker_class()}\nworker pid: {os.getpid()}\n")


def slow(request: HttpRequest) -> HttpResponse:
    """Answers after `seconds` (default 2): a gevent worker answers many at once, a sync worker one after the other."""
    try:
        seconds = float(request.GET.get("seconds", "2"))
    except ValueError:
        return text("seconds must be a number\n", status=400)
    if not 0 <= seconds <= MAX_SECONDS:
        return text(f"seconds must be between 0 and {MAX_SECONDS:g}\n", status=400)
    time.sleep(seconds)
    return text(f"slept {seconds:g} s\n")


def crash(request: HttpRequest) -> HttpResponse:
    """Kills the worker that answers, to see Gunicorn replace it. Needs CRASH=1 in the environment."""
    if os.environ.get("CRASH") != "1":
        return text("start the example with CRASH=1 to allow this\n", status=403)
    os.kill(os.getpid(), signal.SIGKILL)
    return text("still here\n", status=500)


def worker_class() -> str:
    """The class that serves this request, found without asking Gunicorn."""
    if "gunicorn" not in sys.modules:
        return "none (not under Gunicorn)"
    monkey = sys.modules.get("gevent.monkey")
    return "gevent" if monkey is not None and monkey.is_module_patched("time") else "sync"


def text(body: str, status: int = 200) -> HttpResponse:
    """A plain text answer."""
    return HttpResponse(body, status=status, content_type="text/plain; charset=utf-8")
