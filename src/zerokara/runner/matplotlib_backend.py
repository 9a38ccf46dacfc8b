"""A Matplotlib backend for machines without a display: showing a figure saves it as a numbered PNG.

Matplotlib loads this module itself, by the name that `gallery.opened` puts into MPLBACKEND; nothing else imports it.
"""

from typing import Any

from matplotlib._pylab_helpers import Gcf
from matplotlib.backend_bases import FigureManagerBase
from matplotlib.backends.backend_agg import FigureCanvasAgg

from zerokara.runner import gallery


class PictureManager(FigureManagerBase):
    """Stands for the window of a figure."""

    def show(self) -> None:
        """`fig.show()`: save this figure."""
        if gallery.current is not None:
            gallery.current.save(self.canvas.figure)

    @classmethod
    def pyplot_show(cls, *args: Any, block: bool | None = None, **kwargs: Any) -> None:
        """`plt.show()`: save every open figure, then close them, as closing their windows would have done."""
        for manager in Gcf.get_all_fig_managers():
            manager.show()
        if block is not False:
            Gcf.destroy_all()


class FigureCanvas(FigureCanvasAgg):
    """Draws with Agg."""

    manager_class: Any = PictureManager


FigureManager = PictureManager
