"""Gunicorn's logs as JSON lines, by a logger class as applications write them: it knows nothing of StatsD."""

import json
import logging

from gunicorn.glogging import Logger


class Lines(logging.Formatter):
    def format(self, record):
        return json.dumps({"logger": record.name, "level": record.levelname, "message": record.getMessage()})


class JsonLogger(Logger):
    def setup(self, cfg):
        super().setup(cfg)
        for log in (self.error_log, self.access_log):
            for handler in log.handlers:
                handler.setFormatter(Lines())
