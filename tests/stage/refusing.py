"""Runs a command that must fail at once, and returns its one sentence."""

import subprocess

from tests.stage import forked
from tests.stage.servers import ROOT


def ended(environ: dict[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    return forked.ended("manage.py", *arguments, cwd=ROOT, env=environ)


def refused(environ: dict[str, str], *arguments: str) -> str:
    """The one sentence with which a command ended, with exit code 1."""
    told = ended(environ, *arguments)
    assert told.returncode == 1, told.stdout + told.stderr
    [line] = told.stderr.splitlines()
    assert line.startswith("gapless: "), line
    return line
