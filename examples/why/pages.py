"""What the four programs share: the language that is spoken, the data that are here, a page of charts and tables."""

import sys
import tomllib
from pathlib import Path

import numpy as np
from markupsafe import Markup, escape

from zerokara.data import load, whereabouts
from zerokara.report.charts import Curve, chart
from zerokara.report.page import composed
from zerokara.report.section import rendered
from zerokara.words import language


def data():
    """MNIST where it is on this machine, else the bundled digits; nothing is fetched."""
    return load("mnist" if all(whereabouts("mnist").values()) else "digits")


class Texts:
    """What one program says, from texts.toml, in the language that is spoken; see ZEROKARA_LANG."""

    def __init__(self, program):
        self.texts = tomllib.loads(Path(__file__).with_name("texts.toml").read_text(encoding="utf-8"))[program]

    def __call__(self, name, /, **facts):
        """A text, filled in."""
        return self.texts[name][language()].format(**facts)

    def list(self, name):
        """Several short texts, such as the head of a table."""
        return self.texts[name][language()]


def curves(title, alt, x_name, y_name, *lines, y_range=None):
    """A chart; `lines`: (name, x ascending from 0, y, whether each point has a dot). `y_range`: else from 0 on."""
    drawn = [
        Curve(name, f"zk-c{k}", np.asarray(x), np.asarray(y, float), dots) for k, (name, x, y, dots) in enumerate(lines)
    ]
    return chart(drawn, title=title, alt=alt, x_name=x_name, y_name=y_name, y_range=y_range)


def charts(*drawn):
    """Charts beside each other."""
    return rendered("curves.html", charts=drawn)


def paragraphs(*texts):
    """Each text as a paragraph."""
    return Markup("").join(Markup("<p>{}</p>").format(text) for text in texts)


def table(head, rows):
    """A table with a head; the first cell of each row is its name."""
    cells = Markup("").join(Markup('<th scope="col">{}</th>').format(cell) for cell in head)
    lines = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            name, Markup("").join(Markup("<td>{}</td>").format(value) for value in values)
        )
        for name, *values in rows
    )
    return Markup('<div class="zk-wide"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(
        cells, lines
    )


def write(name, title, *sections):
    """Write NAME.html here, or the file that was named after the program. `sections`: (id, heading, content)."""
    path = Path(sys.argv[1] if len(sys.argv) > 1 else f"{name}.html")
    path.write_text(
        composed(title, [(key, heading, escape(content)) for key, heading, content in sections]), encoding="utf-8"
    )
    print(path)
