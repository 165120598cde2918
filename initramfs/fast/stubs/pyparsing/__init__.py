"""Stand for the real module, which imports all of pyparsing.

The parsers need its core. The ready-made grammars of pyparsing.common and pyparsing.helpers cost
more than the core itself: 30 million instructions, and html.entities another 42.
"""

from pyparsing import util

# Each method has a deprecated second name; to make it pyparsing inspects the signature.
vars(util)["replaced_by_pep8"] = lambda _, method: method

from pyparsing.core import *  # noqa: E402, F403
