"""A learner's code is stopped when its time is up, and Ctrl-C stays Ctrl-C; what other threads do is left alone."""

import _thread
import signal
import threading
import time
from pathlib import Path

import pytest

from zerokara.own_gradients.isolation import TimeUp, quietly, time_limit, without_files


def wait(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)


def compute(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


def test_what_takes_too_long_is_stopped():
    began = time.monotonic()
    with pytest.raises(TimeUp), time_limit(0.2):
        wait(20)
    assert time.monotonic() - began < 10


def test_what_computes_too_long_is_stopped_before_its_time_on_the_wall():
    with pytest.raises(TimeUp), time_limit(60, computing=0.2):
        compute(20)


def test_waiting_is_not_computing():
    with time_limit(60, computing=0.2):
        time.sleep(0.5)


def test_code_that_catches_everything_is_told_again():
    caught = []

    def stubborn() -> None:
        try:
            compute(20)
        except BaseException as error:
            caught.append(type(error))
        compute(20)

    with pytest.raises(TimeUp), time_limit(0.1):
        stubborn()
    assert caught == [TimeUp]


def test_nothing_is_heard_of_code_that_ends_in_time():
    before = signal.getsignal(signal.SIGINT)
    for _ in range(3):
        with time_limit(0.05):
            pass
    time.sleep(0.2)
    assert signal.getsignal(signal.SIGINT) is before


def test_nothing_comes_after_the_time_was_up():
    """Of an interrupt that is on its way when the code ends, a learner would read `KeyboardInterrupt`."""
    for _ in range(20):
        try:
            with time_limit(0.05):
                compute(0.05)
        except TimeUp:
            pass
    time.sleep(0.1)
    assert threading.active_count() == 1 or not any("watch" in thread.name for thread in threading.enumerate())


def test_ctrl_c_stays_ctrl_c():
    def interrupted() -> None:
        _thread.interrupt_main()
        compute(20)

    with pytest.raises(KeyboardInterrupt), time_limit(60):
        interrupted()


def test_other_threads_print_and_write_as_ever(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        print("said")
        (tmp_path / "written").write_text("it is")

    with quietly(), without_files():
        print("kept from everybody")
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        with pytest.raises(PermissionError, match="writes no files"):
            (tmp_path / "other").write_text("it is not")
    assert capsys.readouterr().out == "said\n"
    assert [path.name for path in tmp_path.iterdir()] == ["written"]
