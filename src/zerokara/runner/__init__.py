"""Running a learner's file as it is: the textbook's modules found by name, pictures, hints and remarks."""

import sys
from typing import Any

from zerokara.report import fonts
from zerokara.runner import finder, import_hooks, ipython, spawned
from zerokara.runner.looks import looks
from zerokara.runner.own_loops import make_plain


def start() -> None:
    """Let the textbook's modules be found, in this process and in those it starts, and figures have all letters.

    And let numerical gradients be looked for, in modules that are imported from now on and in IPython's later cells;
    and there, let be said below each cell what `zerokara run` says at the end.
    """
    finder.install()
    import_hooks.after_import("matplotlib.pyplot", fonts.offer)
    import_hooks.after_import("multiprocessing.spawn", spawned.install_in_children)
    import_hooks.after_import("numba", make_plain)
    import_hooks.look_through_own_modules(True)
    if (shell := _shell()) is not None:
        ipython.look_through(shell)
        if shell is not ipython.running:  # there, the runner itself says everything at the end
            from zerokara.runner import listener

            listener.listen(shell)
            looks.wanted = True  # by `%zerokara lab`, which may come after the cell that defines what trains


def stop() -> None:
    """Take the finder away, and the names it supplied; what is compiled from now on is compiled as it is."""
    finder.uninstall()
    import_hooks.look_through_own_modules(False)
    looks.wanted = False
    if (shell := _shell()) is not None:
        ipython.look_away(shell)
        if (listener := sys.modules.get("zerokara.runner.listener")) is not None:
            listener.stop_listening(shell)


def _shell() -> Any:
    """The IPython that this runs in; None where it runs in none."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return None if get_ipython is None else get_ipython()
