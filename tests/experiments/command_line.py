"""The command line, called in this process: what it prints, and the status it ends with."""

from __future__ import annotations

import signal
import sys

import pytest

from experiments import cli


def call(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, list[str], list[str]]:
    """The status, the lines on standard error, and those on standard output."""
    capsys.readouterr()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["personabandits", *words])
        polite = signal.getsignal(signal.SIGTERM)
        try:
            with pytest.raises(SystemExit) as ended:
                cli.main()
        finally:
            signal.signal(signal.SIGTERM, polite)
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.err.splitlines(), told.out.splitlines()
