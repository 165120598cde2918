"""Stand-ins for modules: whatever a confined child may need is loaded before it is confined."""

import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
# A child that fetches imports nothing any more once it has forgotten where modules are.
FETCHING = """
import sys
from petipy.startup import lazy
lazy.install()
import asyncio
from petipy.fetch.fetcher import Fetcher, prepare
from petipy.fetch.scheme import Limits
from petipy.sandbox.child import forget_modules
from petipy.state.network import Fetching, Wanted
{loaded}
prepare(["http://127.0.0.1:1/"], Fetching())
print("_ssl" in sys.modules)
forget_modules()
fetcher = Fetcher(Fetching(), Limits(connect=1, answer=1, pauses=()))
fetched = asyncio.run(fetcher.fetch(Wanted(url="tftp://127.0.0.1:1/a", most=1)))
print(fetched.error)
"""
LOAD = 'lazy.load("logging", "traceback")'


def test_a_stand_in_becomes_the_real_module_when_it_is_loaded() -> None:
    program = """
import sys
from petipy.startup import lazy
lazy.install()
import logging
print(type(logging).__name__, "_ssl" in sys.modules)
lazy.load("logging", "ssl")
print(type(sys.modules["logging"]).__name__, "_ssl" in sys.modules, hasattr(logging, "Handler"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=TOP, check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["LazyModule False", "module True True"]


def test_a_loop_does_not_load_logging_to_tell_its_selector() -> None:
    program = """
from petipy.startup import lazy
lazy.install()
import asyncio, sys
asyncio.run(asyncio.sleep(0))
print(type(sys.modules["logging"]).__name__)
asyncio.log.logger.error("told")
print(type(sys.modules["logging"]).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=TOP, check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == ["LazyModule", "module"]
    assert "told" in done.stderr


def test_a_child_fetches_without_ssl_and_without_importing_anything() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FETCHING.format(loaded=LOAD)],
        cwd=TOP,
        check=True,
        capture_output=True,
        text=True,
    )
    tls, error = done.stdout.splitlines()
    assert tls == "False"
    assert "127.0.0.1" in error or "refused" in error


ASYNCIO = """
import sys
{first}
import asyncio
print("_ssl" in sys.modules)
"""


@pytest.mark.parametrize(
    ("first", "there"),
    [("from petipy.startup import lazy; lazy.install()", "False"), ("", "True")],
)
def test_asyncio_brings_ssl_only_where_nobody_prevents_it(first: str, there: str) -> None:
    command = [sys.executable, "-c", ASYNCIO.format(first=first)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stdout.strip() == there
