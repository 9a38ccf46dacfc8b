"""The data that a learner's program left behind, judged by the doctor's rules for data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerokara.data.dataset import Dataset, Split
from zerokara.doctor import facts
from zerokara.doctor.data_facts import facts_at_once, facts_of_all
from zerokara.doctor.evidence import Evidence
from zerokara.doctor.probes import Samples
from zerokara.findings import Finding
from zerokara.own_training.program import Program

Array = NDArray[Any]

LOOKED_AT = 3_000
"""Samples of each part that are looked at: what is wrong with the labels of all shows in some."""

PARTS = (("x_train", "t_train", "x_test", "t_test"), ("X_train", "y_train", "X_test", "y_test"))
"""Names of training and test samples with their labels."""


def ill_data(program: Program) -> Iterator[Finding]:
    """NaN among the inputs, labels that are wrong, of one class, or of other classes than those of the test part."""
    dataset = _dataset(program)
    if dataset is None:
        return
    train, test = (Samples(split.x, split.t) for split in (dataset.train, dataset.test))
    evidence = Evidence(data=facts_of_all(dataset, facts_at_once(dataset, train, test)))
    found = [facts.not_finite(evidence), facts.one_answer(evidence), facts.missing_class(evidence)]
    found += [facts.strange_labels(evidence), facts.wrong_labels(evidence), facts.imbalance(evidence, bad=True)]
    yield from (finding for finding in found if finding is not None)


def _dataset(program: Program) -> Dataset | None:
    """Some of the samples; None where the names of the data are not the usual ones, or they do not fit together."""
    names = next((part for part in PARTS if set(part) <= set(program.names)), None)
    if names is None:
        return None
    x_train, t_train, x_test, t_test = (program.names[name] for name in names)
    train, test = _split(x_train, t_train), _split(x_test, t_test)
    if train is None or test is None:
        return None
    classes = int(max(train.t.max(), test.t.max())) + 1
    shape = (train.pixels.shape[1],)
    return Dataset("", train, test, tuple(map(str, range(classes))), shape, "", "")


def _split(x: Any, t: Any) -> Split | None:
    if not isinstance(x, np.ndarray) or not isinstance(t, np.ndarray) or len(x) != len(t) or x.ndim < 2:
        return None
    rows = np.random.default_rng(0).permutation(len(x))[:LOOKED_AT]
    labels = t[rows].argmax(axis=1) if t.ndim == 2 and t.shape[1] > 1 else t[rows].ravel()
    if not len(rows) or not np.all(labels == np.floor(labels)) or not 0 <= labels.min() <= labels.max() < 1000:
        return None
    return Split(np.ascontiguousarray(x[rows].reshape(len(rows), -1), dtype=np.float32), labels.astype(np.int64), None)
