"""In the image in place of the real one, which imports all of pyparsing at every start.

The parsers take its core alone. Of the rest, the ready-made grammars of pyparsing.common and
pyparsing.helpers cost more than the core itself.
"""

from pyparsing import util
from pyparsing.unicode import pyparsing_unicode

# For the words in its error messages it collects all letters of all scripts.
pyparsing_unicode._ranges = [(0x20, 0x7E)]
# Every method has a second name, deprecated, in the making of which its signature is inspected.
vars(util)["replaced_by_pep8"] = lambda _, method: method

from pyparsing.core import *  # noqa: E402, F403
