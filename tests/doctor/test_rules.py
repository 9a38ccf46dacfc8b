from dataclasses import replace

import numpy as np
import pytest

from zerokara.doctor.data_facts import DataFacts
from zerokara.doctor.evidence import Evidence, Setting
from zerokara.doctor.probes import Probe
from zerokara.doctor.rules import findings_of
from zerokara.training.history import Divergence, Evaluation

SETTING = Setting(
    sizes=(784, 50, 10), activation="relu", loss="cross-entropy", optimizer="sgd", learning_rate=0.1, batch_size=100
)
SLOW = replace(SETTING, learning_rate=0.001)
DATA = DataFacts(
    samples=60_000, classes=10, not_finite=(0, 0), largest=1.0, counts=(6000,) * 10, held_counts=(1000,) * 10,
    centre_agreement=0.81, held_centre_agreement=0.8, reference=0.82, doubtful=0.01, shared_with_test=0,
)  # fmt: skip
START = Probe(iteration=0, level=1.0, accuracy=0.1, dead=(0.0,), saturated=(0.0,), sizes=(0.01, 0.01), alike=0.0)


def at(iteration: int, level: float, accuracy: float, **measured: object) -> Probe:
    known = {"held_level": level, "held_accuracy": accuracy, "dead": (0.0,), "saturated": (0.0,), "line": 1.0}
    return Probe(iteration=iteration, level=level, accuracy=accuracy, sizes=(0.03, 0.2), **{**known, **measured})


def training(*probes: Probe, **known: object) -> Evidence:
    """One of 1,000 updates that has ended, but for what is given."""
    given = {"setting": SETTING, "total": 1000, "iteration": 1000, "data": DATA, "ended": True}
    return Evidence(probes=(START, *probes), **{**given, **known})


STUCK = (at(300, 1.0, 0.11), at(1000, 0.99, 0.2))


def causes(evidence: Evidence, *, asked: bool = False) -> list[str]:
    return [finding.cause for finding in findings_of(evidence, asked=asked)]


def test_who_knows_nothing_says_nothing() -> None:
    for asked in (False, True):
        assert causes(Evidence(), asked=asked) == []
        assert causes(Evidence(ended=True, iteration=100, losses=np.ones(100)), asked=asked) == []
        assert causes(Evidence(probes=(at(100, 2.0, 0.1, line=None),), ended=True, iteration=100), asked=asked) == []


def test_a_good_run_hears_nothing_whatever_it_shows() -> None:
    odd = at(1000, 0.1, 0.96, dead=(0.9,), line=3.0)
    assert causes(training(at(300, 0.2, 0.9, dead=(0.9,), saturated=(0.9,), line=2.0), odd)) == []


def test_a_grey_run_hears_nothing_unasked() -> None:
    grey = training(at(300, 0.5, 0.8), at(1000, 0.25, 0.86))
    assert causes(grey) == []
    assert causes(grey, asked=True) == ["rate-too-low"]


def test_hard_data_are_no_fault_of_the_network() -> None:
    hard = replace(DATA, centre_agreement=0.36, held_centre_agreement=0.35, reference=0.63)
    slow = (at(300, 0.7, 0.5), at(1000, 0.4, 0.75))
    assert causes(training(*slow, data=hard)) == []
    assert causes(training(*slow, setting=SLOW)) == ["rate-too-low"]


def test_before_30_percent_only_facts_are_said() -> None:
    early = training(at(100, 1.0, 0.1), iteration=100, ended=False)
    assert causes(early) == []
    assert causes(replace(early, data=replace(DATA, not_finite=(3, 0)))) == ["nan-in-data"]
    begun = training(at(300, 1.0, 0.1), iteration=300, ended=False, setting=SLOW)
    assert causes(begun) == ["rate-too-low"]


def test_a_plateau_at_a_customary_rate_is_waited_for() -> None:
    resting = training(at(300, 1.0, 0.1), iteration=300, ended=False)
    assert causes(resting) == []
    assert causes(resting, asked=True) == ["rate-too-low"]
    assert causes(training(at(300, 1.0, 0.1), at(1000, 0.4, 0.7))) == []
    assert causes(training(at(300, 1.0, 0.1), at(1000, 0.9, 0.3))) == ["rate-too-low"]


def test_the_line_test_parts_high_and_low() -> None:
    assert causes(training(*STUCK)) == ["rate-too-low"]
    high = [replace(probe, line=1.5) for probe in STUCK]
    assert causes(training(*high)) == ["rate-too-high"]


def test_few_updates_at_a_customary_rate_are_too_few() -> None:
    short = (at(30, 1.0, 0.11), at(100, 0.95, 0.3))
    assert causes(training(*short, total=100, iteration=100)) == ["too-few-updates"]
    slow = replace(SETTING, learning_rate=1e-4)
    assert causes(training(*short, total=100, iteration=100, setting=slow)) == ["rate-too-low"]


def test_of_few_updates_whose_loss_fell_all_the_time_steps_may_look_long() -> None:
    """A watcher's look at 30 % of 58 updates comes after 17: rounded, it is a little less than 30 %."""
    fell = (at(17, 0.98, 0.2, line=0.97), at(58, 0.84, 0.38, line=1.12))
    short = training(*fell, total=58, iteration=58)
    assert causes(short) == ["too-few-updates"]
    far = replace(SETTING, learning_rate=0.6)
    assert causes(replace(short, setting=far)) == ["rate-too-high"]
    lessened = np.array([[i, 2.0, 1.9] for i in range(16)])
    assert causes(replace(short, setting=far, rises=lessened)) == ["too-few-updates"]
    assert causes(replace(short, probes=(START, at(17, 1.2, 0.1, line=1.2), fell[1]))) == ["rate-too-high"]


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"not_finite": (0, 2)}, "nan-in-data"),
        ({"counts": (0,) * 9 + (60_000,), "held_counts": (0,) * 9 + (10_000,)}, "one-answer"),
        ({"counts": (100,) * 9 + (60_000,)}, "class-imbalance"),
        ({"counts": (0,) + (6000,) * 9}, "class-never-answered"),
        ({"held_centre_agreement": 0.02}, "wrong-labels"),
        ({"doubtful": 0.1, "evenness": 0.9}, "wrong-labels"),
        ({"shared_with_test": 200}, "test-data-in-training"),
    ],
)
def test_facts_of_the_data_are_said_however_well_it_goes(change: dict[str, object], cause: str) -> None:
    well = (at(300, 0.2, 0.9), at(1000, 0.1, 0.96))
    assert causes(training(*well, data=replace(DATA, **change))) == [cause]


def test_overlapping_classes_and_one_with_most_labels_are_no_faults() -> None:
    well = (at(300, 0.2, 0.9), at(1000, 0.1, 0.96))
    usual = replace(DATA, doubtful=0.1, evenness=0.6, counts=(51_000, *(1000,) * 9), shared_with_test=20)
    assert causes(training(*well, data=usual)) == []


def test_labels_that_a_network_learns_are_right_though_no_line_parts_them() -> None:
    curved = replace(DATA, reference=0.3, doubtful=0.5, evenness=0.95, centre_agreement=0.2, held_centre_agreement=0.2)
    well = (at(300, 0.5, 0.7), at(1000, 0.05, 0.97))
    learnt = (Evaluation(1000, 1.0, 0.1, 0.98, 0.97),)
    assert causes(training(*well, data=curved, evaluations=learnt)) == []
    half = (Evaluation(1000, 1.0, 0.1, 0.5, 0.5),)
    assert causes(training(*well, data=curved, evaluations=half)) == ["wrong-labels"]


def test_labels_that_neither_class_means_nor_the_network_know_are_unrelated() -> None:
    chance = replace(DATA, centre_agreement=0.2, held_centre_agreement=0.11)
    lost = replace(at(300, 1.0, 0.1), held_accuracy=0.1)
    begun = training(lost, iteration=300, ended=False, data=chance)
    assert causes(begun) == ["wrong-labels"]
    assert causes(replace(begun, data=replace(chance, held_centre_agreement=0.3))) == [], "a line would do better"
    assert causes(replace(begun, data=replace(chance, classes=3))) == [], "of few classes many are no line apart"
    assert causes(replace(begun, data=replace(chance, samples=10**9))) == [], "hardly any sample was seen by then"
    assert causes(replace(begun, probes=(START, replace(lost, held_accuracy=0.3)))) == []
    learnt = replace(at(1000, 0.1, 0.95), held_accuracy=0.95)
    assert causes(training(lost, learnt, data=chance)) == [], "it was a plateau"


def test_alike_weights_are_said_at_once() -> None:
    begun = Evidence(setting=SETTING, total=1000, probes=(replace(START, alike=1.0),), data=DATA)
    assert causes(begun) == ["symmetric-weights"]


@pytest.mark.parametrize(
    ("start", "look", "setting", "cause"),
    [
        ({"level": 40.0}, {}, {}, "weights-too-large"),
        ({}, {"sizes": (0.005, 0.004)}, {"weight_decay": 0.5}, "weight-decay-too-strong"),
        ({}, {"norms": (0.4, 0.4), "sizes": (0.01, 0.07)}, {"weight_decay": 0.25}, "weight-decay-too-strong"),
        ({}, {"dead": (0.8,)}, {}, "rate-too-high"),
        ({}, {"saturated": (0.5,)}, {}, "rate-too-high"),
        ({"dead": (1.0,)}, {"dead": (1.0,)}, {}, "dead-units"),
        ({"saturated": (0.95,)}, {"saturated": (0.95,)}, {}, "saturated-units"),
        ({"norms": (1e-6, 1.0)}, {}, {"sizes": (784, 9, 9, 10), "activation": "sigmoid"}, "vanishing-gradient"),
        ({}, {"level": 0.8}, {"sizes": (784, 2, 10)}, "network-too-small"),
        ({}, {"level": 1.7}, {}, "rate-too-high"),
    ],
)
def test_causes_of_a_bad_training(
    start: dict[str, object], look: dict[str, object], setting: dict[str, object], cause: str
) -> None:
    bad = replace(STUCK[0], **look), replace(STUCK[1], **look)
    evidence = replace(training(*bad), setting=replace(SETTING, **setting))
    evidence = replace(evidence, probes=(replace(START, **start), *bad))
    assert causes(evidence) == [cause]
    assert causes(evidence, asked=True)[0] == cause


def test_updates_that_raise_the_loss_of_their_own_batch() -> None:
    rises = np.array([[i, 2.3, 2.5 if i % 2 else 2.2] for i in range(20)])
    assert causes(training(*STUCK, rises=rises)) == ["rate-too-high"]


def test_a_batch_of_1_that_follows_each_sample() -> None:
    rises = np.array([[i, 2.3, 2.2] for i in range(20)])
    noisy = [replace(probe, line=1.5) for probe in STUCK]
    small = replace(SETTING, batch_size=1)
    assert causes(training(*noisy, rises=rises, setting=small)) == ["batch-too-small"]


def test_a_loss_that_is_a_sum() -> None:
    summed = training(*STUCK, losses=np.full(1000, 230.26))
    assert causes(summed) == ["loss-summed"]


def test_inputs_that_are_no_numbers_from_0_to_1() -> None:
    assert causes(training(*STUCK, data=replace(DATA, largest=255.0))) == ["unscaled-inputs"]


def test_the_root_of_a_divergence_comes_before_it() -> None:
    diverged = {"divergence": Divergence(1, float("nan")), "iteration": 1}
    assert causes(training(at(1, 1.2, 0.1), **diverged)) == ["diverged"]
    late = {"divergence": Divergence(40, float("nan")), "iteration": 40}
    assert causes(training(at(40, 5.0, 0.1), **late)) == ["rate-too-high"]
    evidence = training(at(40, 5.0, 0.1), **late)
    large = replace(evidence, probes=(replace(START, level=30.0), *evidence.probes[1:]))
    assert causes(large) == ["weights-too-large"]
    assert findings_of(large, asked=False)[0].since == 40


def test_overfitting_says_since_when() -> None:
    last = at(1000, 0.01, 1.0, held_level=0.4, held_accuracy=0.8)
    evaluations = tuple(
        Evaluation(i, i / 100, 0.1, own, 0.8) for i, own in ((0, 0.1), (300, 0.82), (600, 0.9), (1000, 1))
    )
    evidence = training(at(300, 0.3, 0.9), last, evaluations=evaluations)
    assert causes(evidence) == ["overfitting"]
    assert findings_of(evidence, asked=False)[0].since == 600


def test_a_finding_brings_its_numbers_and_a_change() -> None:
    (found,) = findings_of(training(*STUCK), asked=False)
    assert found.change == {"learning_rate": 1.0}
    assert found.since == 300
    assert found.evidence["learning_rate"] == 0.1


def test_every_word_goes_through_the_catalogue(marked: object) -> None:
    seen = [
        training(*STUCK),
        training(*(replace(probe, dead=(0.9,), norms=(1e-9, 1.0)) for probe in STUCK)),
        training(*STUCK, data=replace(DATA, not_finite=(1, 0), doubtful=0.2, evenness=0.9, shared_with_test=900)),
        training(*(replace(probe, level=float("nan")) for probe in STUCK)),
    ]
    for evidence in seen:
        for found in findings_of(evidence, asked=True):
            assert marked("".join((found.text, found.remedy, *found.symptoms))) == ""
