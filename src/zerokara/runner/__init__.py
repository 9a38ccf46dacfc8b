"""Running a learner's file as it is: the textbook's modules found by name, pictures, hints and remarks."""

from zerokara.report import fonts
from zerokara.runner import finder, import_hooks, spawned


def start() -> None:
    """Let the textbook's modules be found, in this process and in those it starts, and figures have all letters."""
    finder.install()
    import_hooks.after_import("matplotlib.pyplot", fonts.offer)
    import_hooks.after_import("multiprocessing.spawn", spawned.install_in_children)
