"""Runs guard.py as a module: Python keeps the compiled form of modules, and to compile it is a third of each start."""

import guard
