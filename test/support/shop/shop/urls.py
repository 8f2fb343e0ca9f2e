"""Every kind of answer: 200, 201, 301, 302, 403, 404 (any other path), 500, 503, a slow one, and one that counts."""

import os
import time

import statsd
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import path

host, _, port = os.environ.get("DJSUP_STATSD_HOST", "localhost:9125").rpartition(":")
counters = statsd.StatsClient(host, int(port))


def status(request, code):
    if code in (301, 302):
        return HttpResponseRedirect("/", status=code)
    return HttpResponse("made to order\n", status=code)


def fail(request):
    raise RuntimeError("on purpose")


def slow(request):
    time.sleep(0.2)
    return HttpResponse("slow\n")


def count(request):
    counters.incr("my_counter")
    return HttpResponse("counted\n")


urlpatterns = [
    path("", lambda request: HttpResponse("hello\n")),
    path("status/<int:code>", status),
    path("fail", fail),
    path("slow", slow),
    path("count", count),
]
