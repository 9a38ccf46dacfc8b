"""Event files for TensorBoard, by way of tensorboardX (the extra `tensorboard`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zerokara.errors import UsageError
from zerokara.runs.layout import EVENTS
from zerokara.training.events import Advanced, Evaluated, Event, Listener
from zerokara.words import sentence, to_install


class EventFiles:
    """A listener that writes losses and accuracies.

    After a resume TensorBoard shows the curves of all files in the folder as one; updates that were done twice, because
    the first time was lost, appear once: they have the same values.
    """

    def __init__(self, writer: Any) -> None:
        self.writer = writer

    def __call__(self, event: Event) -> None:
        match event:
            case Advanced():
                first = event.iteration - len(event.losses)
                for iteration, loss in enumerate(event.losses.tolist(), first):
                    self.writer.add_scalar("loss", loss, iteration)
            case Evaluated():
                evaluation = event.evaluation
                self.writer.add_scalar("accuracy/training", evaluation.train_accuracy, evaluation.iteration)
                self.writer.add_scalar("accuracy/test", evaluation.test_accuracy, evaluation.iteration)


@contextmanager
def event_files(where: Callable[[], Path], *, wanted: bool) -> Iterator[Sequence[Listener]]:
    """A context with a listener that writes event files into FOLDER/tensorboard, if that is wanted; `where` says where
    the run's folder is when the file is opened, which stays open.

    Raises UsageError where tensorboardX is not installed.
    """
    if not wanted:
        yield ()
        return
    writer_of = writer_class()
    with writer_of(str(where() / EVENTS), write_to_disk=True) as writer:
        yield [EventFiles(writer)]


def writer_class() -> Any:
    """tensorboardX.SummaryWriter. Raises UsageError where it is not installed."""
    try:
        from tensorboardX import SummaryWriter
    except ModuleNotFoundError as error:
        raise UsageError(
            sentence(
                "--tensorboard needs tensorboardX. Nothing was trained. Try: {install}",
                install=to_install("tensorboardX"),
            ),
            "missing-package",
        ) from error
    return SummaryWriter
