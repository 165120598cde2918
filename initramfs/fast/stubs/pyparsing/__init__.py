"""Stand for the real module, which imports all of pyparsing.

The parsers need its core. The ready-made grammars of pyparsing.common and pyparsing.helpers cost
more than the core itself: 30 million instructions, and html.entities another 42.
"""

import sys
from types import ModuleType

from pyparsing import util

# Each method has a deprecated second name; to make it pyparsing inspects the signature.
vars(util)["replaced_by_pep8"] = lambda _, method: method

# The core imports these for methods that print, draw or read files; the parsers use none of them.
_ABSENT = {"pathlib": {"Path": type("Path", (), {})}, "pprint": {}}
for _name, _names in _ABSENT.items():
    if _name not in sys.modules:
        sys.modules[_name] = ModuleType(_name)
        vars(sys.modules[_name]).update(_names, absent=True)

from pyparsing.core import *  # noqa: E402, F403

for _name in _ABSENT:
    if hasattr(sys.modules[_name], "absent"):
        del sys.modules[_name]
