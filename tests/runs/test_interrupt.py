"""Signals as a flag."""

import os
import signal

import numpy as np
import pytest

from zerokara.runs.interrupt import SIGNALS, stop_on_signals


@pytest.mark.parametrize("signum", SIGNALS)
def test_a_signal_raises_the_flag_and_the_handler_before_comes_back(signum: int) -> None:
    stop, before = np.zeros(1, np.uint8), signal.getsignal(signum)
    with stop_on_signals(stop) as signals:
        os.kill(os.getpid(), signum)
        os.kill(os.getpid(), signum)
        assert (int(stop[0]), signals.count) == (1, 2)
    assert signal.getsignal(signum) is before


def test_a_signal_that_is_ignored_stays_ignored_as_nohup_wants_it() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stop = np.zeros(1, np.uint8)
        with stop_on_signals(stop):
            os.kill(os.getpid(), signal.SIGHUP)
        assert stop[0] == 0
    finally:
        signal.signal(signal.SIGHUP, before)
