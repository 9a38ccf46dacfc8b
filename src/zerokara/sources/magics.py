"""IPython's own lines in a learner's code: magics (%cd), shell commands (!ls) and questions for help (np.dot?)."""

from __future__ import annotations

import ast
import re
import warnings

_MAGIC = re.compile(r"\s*(?:%{1,2}[A-Za-z!]|!|\?{1,2}\w|[A-Za-z_][\w.]*\?{1,2}\s*$|[A-Za-z_]\w*\s*=\s*[!%]\w)")
_WHOLE_LINE = re.compile(r"(?m)^([^\S\n]*)(?:%|!|\?{1,2}\w|[\w.]+\?{1,2}[^\S\n]*$).*$")


def needs_ipython(source: str) -> bool:
    """Whether a line is one that only IPython knows."""
    # A line that looks like a magic may be Python inside of brackets or a string: `% (a, b))` goes on with a format.
    return any(_MAGIC.match(line) for line in source.splitlines()) and _parsed(source) is None


def syntax_tree(source: str) -> ast.Module | None:
    """The syntax tree, where need be with IPython's own lines taken for `pass`; None for what is not Python then.

    >>> ast.unparse(syntax_tree("%matplotlib inline\\nx = 1"))
    'pass\\nx = 1'
    """
    return _parsed(source) or _parsed(_WHOLE_LINE.sub(r"\1pass", source))


def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings(action="ignore"):  # of an invalid escape, say: running it tells
            return ast.parse(source)
    except (SyntaxError, ValueError):
        return None
