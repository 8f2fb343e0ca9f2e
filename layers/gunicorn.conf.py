# Gunicorn's configuration under djsup (https://docs.gunicorn.org/en/stable/settings.html). It adds defaults that suit a
# container and answers djsup's checks. All else is yours to set: your own configuration file (DJSUP_GUNICORN_CONFIG)
# wins over this one, and GUNICORN_CMD_ARGS and the command line win over both.
import importlib
import importlib.util
import logging
import os

# The defaults.
bind = "0.0.0.0:8000"
if os.path.isdir("/dev/shm") and os.access("/dev/shm", os.W_OK):
    # A worker's heartbeat on a slow disk could make it seem to hang.
    worker_tmp_dir = "/dev/shm"
# djsup is who controls Gunicorn (ignored before Gunicorn 25.1).
control_socket_disable = True
if os.environ.get("DJSUP_STATSD_HOST"):
    statsd_host = os.environ["DJSUP_STATSD_HOST"]


# Your configuration.
def _load(location):
    if location.startswith("python:"):
        return importlib.import_module(location[len("python:"):])
    spec = importlib.util.spec_from_file_location("djsup_user_config", location)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_yours = _load(os.environ["DJSUP_GUNICORN_CONFIG"]) if os.environ.get("DJSUP_GUNICORN_CONFIG") else None
if _yours is not None:
    globals().update({name: value for name, value in vars(_yours).items() if not name.startswith("_")})


# PORT changes the port of an address that is open to all interfaces, and of no other.
_addresses = bind.split(",") if isinstance(bind, str) else list(bind)
_host, _, _ = _addresses[0].rpartition(":") if len(_addresses) == 1 else ("none", "", "")
if os.environ.get("PORT") and ":" in "".join(_addresses) and _host in ("", "0.0.0.0", "[::]"):
    bind = _host + ":" + os.environ["PORT"]


# djsup's checks ask for this path. A worker that has loaded the application answers it, and only to a client on its own
# address, that is, in its own container; a request that a proxy passed on goes to the application as any other.
_PROBE = "/__djsup__/worker"


def _is_probe(environ):
    if environ.get("PATH_INFO") != _PROBE or "HTTP_X_FORWARDED_FOR" in environ or "HTTP_FORWARDED" in environ:
        return False
    client = environ.get("gunicorn.socket") or environ.get("gunicorn.sock")
    try:
        return client.getpeername()[0] == client.getsockname()[0]
    except (AttributeError, IndexError, OSError):
        return False  # a unix socket, or a kind of worker that hides its socket


def _answer_probes(application):
    def answer(environ, start_response):
        if not _is_probe(environ):
            return application(environ, start_response)
        environ["djsup.probe"] = True
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]

    return answer


def _leave_out_probes(access):
    # Access log and StatsD metrics both hang on this method.
    def log(resp, req, environ, request_time):
        if "djsup.probe" not in environ:
            access(resp, req, environ, request_time)

    return log


def post_worker_init(worker):
    if hasattr(worker, "wsgi"):
        worker.wsgi = _answer_probes(worker.wsgi)
        worker.log.access = _leave_out_probes(worker.log.access)
    if hasattr(_yours, "post_worker_init"):
        _yours.post_worker_init(worker)


# Gunicorn sends its metrics from a logger class of its own (gunicorn/instrument/statsd.py), which it takes only where
# nobody sets another one. So that a JSON logger, say, does not end the metrics, that class then stands beside it.
class _Quiet:
    # Gunicorn would log a traceback for each metric that nobody listens for.
    def __init__(self, sock):
        self._sock = sock

    def send(self, message):
        try:
            return self._sock.send(message)
        except OSError:
            return 0


def _metrics_alone(cfg, statsd):
    nowhere = logging.Logger("djsup.nowhere")
    nowhere.disabled = True

    class Metrics(statsd):
        def setup(self, cfg):
            self.error_log = self.access_log = nowhere

    loggers = [logging.getLogger(name) for name in ("gunicorn.error", "gunicorn.access")]
    propagate = [logger.propagate for logger in loggers]
    metrics = Metrics(cfg)
    # Making any logger of Gunicorn's sets these, which are the other one's to set.
    for logger, value in zip(loggers, propagate):
        logger.propagate = value
    return metrics


def _both(first, second):
    def call(*args, **kwargs):
        first(*args, **kwargs)
        second(*args, **kwargs)

    return call


def _keep_metrics(cfg, log):
    from gunicorn.instrument.statsd import Statsd

    metrics = log if isinstance(log, Statsd) else _metrics_alone(cfg, Statsd)
    if metrics.sock is not None:
        metrics.sock = _Quiet(metrics.sock)
    if metrics is not log:
        for name in ("access", "critical", "error", "warning", "exception", "info", "debug", "log"):
            setattr(log, name, _both(getattr(log, name), getattr(metrics, name)))


def on_starting(server):
    # Workers are forks and have the same logger.
    if server.cfg.statsd_host:
        _keep_metrics(server.cfg, server.log)
    if hasattr(_yours, "on_starting"):
        _yours.on_starting(server)
