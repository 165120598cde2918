"""In the image in place of the real one, which imports all of pyparsing at every start.

The parsers take its core alone. Of the rest, the ready-made grammars of pyparsing.common and
pyparsing.helpers cost more than the core itself.
"""

from pyparsing import util

# Every method has a second name, deprecated, in the making of which its signature is inspected.
vars(util)["replaced_by_pep8"] = lambda _, method: method

from pyparsing.core import *  # noqa: E402, F403
