"""The loop: the same trajectory however it is cut, looks where they belong, and a stop that is heeded."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from zerokara.data import Dataset, Split
from zerokara.engine.reference import ReferenceEngine
from zerokara.nn import Network
from zerokara.training import trainer as trainer_module
from zerokara.training.batches import Batches
from zerokara.training.events import Advanced, Ended, Evaluated, Started
from zerokara.training.optimizers import OPTIMIZERS, SGD, optimizer_named
from zerokara.training.trainer import Trainer


def toy(samples=37, features=6, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    centres = rng.random((classes, features))

    def split(n):
        t = rng.integers(classes, size=n)
        return Split((centres[t] + 0.2 * rng.random((n, features))).astype(np.float32), t, None)

    return Dataset("toy", split(samples), split(20), tuple("abc"), (2, 3), "0" * 16, "made here")


def trainer(
    *, iterations=25, evaluate_every=None, batch_size=5, sampling="replacement", engine=None, data=None, **options
):
    data = data or toy()
    batches = Batches(len(data.train), batch_size, sampling, 0)
    return Trainer(
        network=options.pop("network", None) or Network([6, 4, 3], init=0.5, dtype=np.float32),
        optimizer=options.pop("optimizer", None) or SGD(0.1),
        dataset=data,
        batches=batches,
        engine=engine or ReferenceEngine(),
        iterations=iterations,
        evaluate_every=evaluate_every or batches.per_epoch,
        **options,
    )


class Instant:
    """An engine that computes nothing; losses count up from 0. It notes how the work was cut."""

    name = "instant"

    def __init__(self, stop_after=None):
        self.done, self.chunks, self.stop_after = 0, [], stop_after

    def advance(self, network, optimizer, split, batches, *, gradient, stop):
        n = len(batches)
        if self.stop_after is not None and self.done + n >= self.stop_after:
            n = self.stop_after - self.done
            stop[0] = 1
        self.chunks.append(n)
        self.done += n
        return np.arange(self.done - n, self.done, dtype=float)

    def classify(self, network, split):
        return np.zeros(len(split), int)

    def numerical_gradient(self, *_, **__):
        raise AssertionError("not asked for")


# The trajectory


@pytest.mark.parametrize("sampling", ["replacement", "distinct", "epoch"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_the_trajectory_does_not_depend_on_the_cut(optimizer, sampling):
    runs = []
    for chunk in (1, 7, 600, None):
        made = trainer(optimizer=optimizer_named(optimizer), sampling=sampling, iterations=30, chunk=chunk)
        made.run()
        runs.append(made)
    for other in runs[1:]:
        assert other.history.losses.tobytes() == runs[0].history.losses.tobytes()
        assert other.history.evaluations == runs[0].history.evaluations
        for name, p in runs[0].network.params.items():
            assert_array_equal(other.network.params[name], p)


def test_the_loop_is_the_textbooks_loop():
    """Forward, backward, update, by hand, with the batches of the seed."""
    made = trainer(iterations=20)
    net = made.network.copy()
    made.run()
    batches, split = Batches(37, 5, "replacement", 0), made.dataset.train
    losses = []
    for i in range(20):
        rows = batches.rows(i, i + 1)[0]
        losses.append(net.loss(split.x[rows], split.t[rows]))
        grads = net.gradient(split.x[rows], split.t[rows])
        for key in net.params:
            net.params[key] -= 0.1 * grads[key]
    assert_array_equal(made.history.losses, losses)
    for key in net.params:
        assert_array_equal(made.network.params[key], net.params[key])


def test_it_learns():
    history = trainer(iterations=400).run()
    assert history.losses[-50:].mean() < 0.5 * history.losses[:50].mean()
    assert history.last.test_accuracy > 0.9


# Looks at all data


def test_eighteen_looks_in_ten_thousand_updates_on_mnist():
    """60,000 samples in batches of 100: at 0, at every 600th, and at the end."""
    data = toy(samples=60_000)
    engine = Instant()
    events = []
    made = trainer(iterations=10_000, batch_size=100, data=data, engine=engine, listeners=[events.append])
    history = made.run()
    assert [e.iteration for e in history.evaluations] == [*range(0, 10_000, 600), 10_000]
    assert len(history.evaluations) == 18
    assert isinstance(events[0], Started)
    assert (events[0].first, events[0].total, events[0].evaluations) == (0, 10_000, 18)
    assert sum(isinstance(e, Evaluated) for e in events) == 18
    assert history.last.epoch == pytest.approx(16.6667, abs=1e-4)
    assert sum(engine.chunks) == 10_000


@pytest.mark.parametrize(
    ("iterations", "every", "at"),
    [(10, 4, [0, 4, 8, 10]), (8, 4, [0, 4, 8]), (3, 100, [0, 3]), (1, 1, [0, 1]), (3, 1, [0, 1, 2, 3])],
)
@pytest.mark.parametrize("chunk", [1, 3, None])
def test_where_it_looks(iterations, every, at, chunk):
    events = []
    made = trainer(
        iterations=iterations, evaluate_every=every, engine=Instant(), chunk=chunk, listeners=[events.append]
    )
    assert [e.iteration for e in made.run().evaluations] == at
    assert events[0].evaluations == len(at)


def test_an_evaluation_by_hand():
    """The engine always answers class 0; losses are 0, 1, 2, …"""
    made = trainer(iterations=10, evaluate_every=4, engine=Instant())
    history = made.run()
    share = float((made.dataset.train.t == 0).mean())
    assert {e.train_accuracy for e in history.evaluations} == {share}
    assert {e.test_accuracy for e in history.evaluations} == {float((made.dataset.test.t == 0).mean())}
    assert [e.epoch for e in history.evaluations] == [0, 4 / 8, 1, 10 / 8]  # 37 samples, batches of 5: 8 in an epoch
    assert [e.loss for e in history.evaluations[1:]] == [1.5, 5.5, 8.5]
    first = made.batches.rows(0, 1)[0]
    train = made.dataset.train
    assert history.evaluations[0].loss == made.network.loss(train.x[first], train.t[first])


def test_the_loss_at_the_start_is_that_of_the_first_batch_before_its_update():
    history = trainer(iterations=3).run()
    assert history.evaluations[0].loss == history.losses[0]


def test_all_data_is_looked_at_however_it_is_parted(monkeypatch):
    whole = trainer(iterations=5).run().last
    monkeypatch.setattr(trainer_module, "EVALUATED_AT_ONCE", 7)
    assert trainer(iterations=5).run().last == whole


# Events


def ended(events):
    """What the last event says."""
    assert isinstance(events[-1], Ended)
    return events[-1].iteration, events[-1].stopped


def test_events_in_order_and_adding_up():
    events = []
    history = trainer(iterations=10, evaluate_every=4, chunk=3, listeners=[events.append]).run()
    kinds = [type(e).__name__ for e in events]
    look, go = "Evaluated", "Advanced"
    assert kinds == ["Started", look, go, go, look, go, go, look, go, look, "Ended"]
    advanced = [e for e in events if isinstance(e, Advanced)]
    assert [e.iteration for e in advanced] == [3, 4, 7, 8, 10]
    assert_array_equal(np.concatenate([e.losses for e in advanced]), history.losses)
    assert [e.evaluation for e in events if isinstance(e, Evaluated)] == history.evaluations
    assert ended(events) == (10, False)
    spent = sum(e.seconds for e in events if isinstance(e, Advanced | Evaluated))
    assert history.seconds == pytest.approx(spent)


def test_every_listener_hears_every_event_in_turn():
    heard = []
    trainer(iterations=2, listeners=[lambda e: heard.append(("a", e)), lambda e: heard.append(("b", e))]).run()
    assert [who for who, _ in heard] == ["a", "b"] * (len(heard) // 2)
    assert [e for who, e in heard if who == "a"] == [e for who, e in heard if who == "b"]


def test_every_event_has_network_history_and_a_way_to_stop():
    events = []
    made = trainer(iterations=4, evaluate_every=2, listeners=[events.append])
    made.run()
    assert len(events) >= 6
    assert all(e.network is made.network and e.history is made.history for e in events)
    assert not made.stop[0]
    events[0].request_stop()
    assert made.stop[0]


def test_an_evaluation_tells_the_class_of_every_sample_so_that_nobody_evaluates_twice(monkeypatch):
    """In the order of the data, however it is parted; the engine sees each sample once an evaluation."""
    monkeypatch.setattr(trainer_module, "EVALUATED_AT_ONCE", 7)
    told, seen = [], []

    class Counting(ReferenceEngine):
        def classify(self, network, split):
            seen.append(len(split))
            return super().classify(network, split)

    def listen(event):
        if isinstance(event, Evaluated):
            data, net = made.dataset, event.network
            for classes, split in ((event.train_classes, data.train), (event.test_classes, data.test)):
                assert_array_equal(classes, net.predict(split.x).argmax(axis=1), strict=True)
            assert float((event.test_classes == data.test.t).mean()) == event.evaluation.test_accuracy
            told.append((event.train_classes, event.train_classes.copy()))

    made = trainer(iterations=60, evaluate_every=20, engine=Counting(), listeners=[listen])
    made.run()
    assert len(told) == 4
    assert sum(seen) == 4 * (37 + 20)
    for classes, as_told in told:
        assert classes.dtype == np.int64
        assert_array_equal(classes, as_told, err_msg="it was overwritten")
        with pytest.raises(ValueError, match="read-only"):
            classes[0] = 1
    assert any((told[0][0] != classes).any() for classes, _ in told), "it learned nothing; choose another seed"


def test_a_sample_without_a_finite_score_has_no_class():
    events = []
    made = diverging(rate=1e30, keep_going=True, listeners=[events.append])
    history = made.run()
    last = [e for e in events if isinstance(e, Evaluated)][-1]
    assert history.undecided == {"training": (37, 37), "test": (20, 20)}
    assert set(last.train_classes) == set(last.test_classes) == {-1}


def test_who_listens_to_one_run_only_is_told_first_and_then_no_more():
    heard = []
    made = trainer(iterations=4, listeners=[lambda e: heard.append("all")])
    made.run(lambda e: heard.append("once"))
    assert heard[:2] == ["once", "all"]
    assert heard.count("once") == heard.count("all")
    made.iterations = 6
    for more in (lambda: made.advance(5), made.run):
        once, everything = heard.count("once"), heard.count("all")
        more()
        assert (heard.count("once"), heard.count("all") > everything) == (once, True)


# Chunks


def test_chunks_end_at_the_end_of_an_epoch_and_at_looks():
    """37 samples in batches of 5: eight updates in an epoch, the last of them short with sampling epoch."""
    engine = Instant()
    trainer(iterations=20, evaluate_every=100, sampling="epoch", engine=engine, chunk=600).run()
    assert engine.chunks == [7, 1, 7, 1, 4]
    engine = Instant()
    trainer(iterations=20, evaluate_every=6, engine=engine, chunk=600).run()
    assert engine.chunks == [6, 2, 4, 4, 2, 2]


def test_a_chunk_lasts_about_fifty_milliseconds(monkeypatch):
    """An engine of 1/512 s an update gets 25 updates at a time, after a careful start."""
    now = [0.0]
    monkeypatch.setattr(trainer_module, "perf_counter", lambda: now[0])

    class Slow(Instant):
        def advance(self, network, optimizer, split, batches, **options):
            now[0] += len(batches) / 512
            return super().advance(network, optimizer, split, batches, **options)

    engine = Slow()
    trainer(iterations=500, evaluate_every=10_000, batch_size=1, data=toy(samples=5000), engine=engine).run()
    assert engine.chunks[0] == 1
    assert max(engine.chunks) == 25
    assert engine.chunks.count(25) >= 18


def test_an_update_slower_than_a_chunk_goes_alone(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(trainer_module, "perf_counter", lambda: now[0])

    class Slower(Instant):
        def advance(self, network, optimizer, split, batches, **options):
            now[0] += 3.0 * len(batches)
            return super().advance(network, optimizer, split, batches, **options)

    engine = Slower()
    trainer(iterations=5, engine=engine).run()
    assert engine.chunks == [1] * 5


# Stopping


@pytest.mark.parametrize("after", [1, 4, 9])
def test_stop_ends_the_run_after_the_update_being_done(after):
    events = []
    made = trainer(
        iterations=25, evaluate_every=8, engine=Instant(stop_after=after), chunk=3, listeners=[events.append]
    )
    history = made.run()
    assert made.iteration == len(history.losses) == after
    assert not made.finished
    assert ended(events) == (after, True)
    assert [e.iteration for e in history.evaluations] == ([0] if after < 9 else [0, 8])


def test_a_real_engine_heeds_the_flag_between_updates():
    made = trainer(iterations=1000, chunk=1000, evaluate_every=1000)
    made.optimizer = SGD(0.1)
    update = made.optimizer.update

    def watched(params, grads):
        update(params, grads)
        made.stop[0] = made.optimizer.steps == 5

    made.optimizer.update = watched  # type: ignore[method-assign]
    assert len(made.run().losses) == 5


def test_a_flag_that_is_up_before_the_start():
    made = trainer()
    made.stop[0] = 1
    history = made.run()
    assert (len(history.losses), history.evaluations, made.finished) == (0, [], False)


def test_stop_during_the_last_look_is_a_stop():
    """Every update is done, but the final accuracies are not known: that is not a finished run."""
    events = []
    made = trainer(iterations=4, evaluate_every=100, listeners=[events.append])
    classify = made.engine.classify

    def watched(network, split):
        if made.iteration == 4:
            made.stop[0] = 1
        return classify(network, split)

    made.engine.classify = watched  # type: ignore[method-assign]
    history = made.run()
    assert (len(history.losses), [e.iteration for e in history.evaluations]) == (4, [0])
    assert not made.finished
    assert ended(events) == (4, True)


def test_a_stopped_run_goes_on_where_it_stopped():
    whole = trainer(iterations=20)
    whole.run()
    made = trainer(iterations=20, chunk=3)

    def stop_at_eleven(event):
        if isinstance(event, Advanced) and event.iteration == 11:
            event.request_stop()

    made.run(stop_at_eleven)
    assert made.iteration == 11
    made.stop[0] = 0
    made.run()
    assert made.finished
    assert_array_equal(made.history.losses, whole.history.losses)
    assert made.history.evaluations == whole.history.evaluations
    for name, p in whole.network.params.items():
        assert_array_equal(made.network.params[name], p)


# Divergence


def diverging(loss="cross-entropy", rate=1e20, **options):
    network = Network([6, 4, 3], init=0.5, loss=loss, dtype=np.float32)
    return trainer(network=network, optimizer=SGD(rate), iterations=12, **options)


@pytest.mark.parametrize("loss", ["cross-entropy", "textbook", "squared"])
def test_a_run_that_is_let_go_on_says_so_by_its_losses_and_by_nothing_else(loss):
    """No warning of NumPy's: those are errors in these tests."""
    made = diverging(loss, rate=1e30, keep_going=True)
    history = made.run()
    assert len(history.losses) == 12
    assert not np.isfinite(history.losses[-1])
    assert made.finished
    assert 0 <= history.last.test_accuracy <= 1


@pytest.mark.parametrize("loss", ["cross-entropy", "textbook", "squared"])
@pytest.mark.parametrize("chunk", [1, 5, None])
def test_a_run_that_diverges_ends_with_what_was_there_before(loss, chunk):
    made = diverging(loss, rate=1e30, chunk=chunk)
    history = made.run()
    assert made.divergence is not None
    assert made.divergence.iteration == made.iteration == len(history.losses) < 12
    assert not made.finished
    assert np.isfinite(history.losses).all()
    assert all(np.isfinite(p).all() for p in made.network.params.values())


def test_where_it_diverges_and_what_is_left_do_not_depend_on_the_cut():
    """One update by one is the witness: the weights before the first update that leaves the finite numbers."""
    witness = diverging(chunk=1, keep_going=True)
    finite = 0
    kept = {name: p.copy() for name, p in witness.network.params.items()}
    with np.errstate(all="ignore"):
        while np.isfinite(witness._update(witness.batches.rows(finite, finite + 1), witness.stop)).all():
            if not witness.is_finite():
                break
            kept = {name: p.copy() for name, p in witness.network.params.items()}
            finite += 1
    assert 0 < finite < 12, "choose another rate: this one does not diverge in the middle"
    for chunk in (1, 2, 7, 600):
        made = diverging(chunk=chunk)
        made.run()
        assert made.iteration == finite == made.optimizer.steps
        for name, p in kept.items():
            assert_array_equal(made.network.params[name], p)


def test_a_network_that_is_not_finite_is_not_trained():
    made = trainer()
    made.network.params["W1"][0, 0] = np.nan
    made.run()
    assert made.iteration == 0
    assert made.divergence is not None


def test_the_numerical_gradient_trains_too():
    """Central differences and backpropagation walk the same way, to their truncation error."""
    runs = []
    for gradient in ("backprop", "numerical"):
        network = Network([6, 4, 3], init=0.5, activation="tanh")
        runs.append(trainer(network=network, gradient=gradient, iterations=6).run())
    assert runs[1].losses == pytest.approx(runs[0].losses, abs=1e-7)
    assert (runs[1].losses[1:] != runs[0].losses[1:]).any()


# Looks


class LooksAt:
    """A listener that wants to see the network after certain updates."""

    def __init__(self, *iterations):
        self.iterations, self.seen = iterations, []

    def __call__(self, event):
        if isinstance(event, Started):
            event.look_at(self.iterations)
        if isinstance(event, Advanced):
            self.seen.append(event.iteration)


def test_a_chunk_ends_where_a_listener_looks():
    first, second = LooksAt(3, 17), LooksAt(4, 99)
    trainer(engine=Instant(), iterations=200, evaluate_every=50, listeners=[first, second]).run()
    assert {3, 4, 17, 99} <= set(first.seen)
    assert first.seen[-1] == 200


def test_looks_change_no_bits_and_are_those_of_one_run():
    looks, plain, watched = LooksAt(7, 11), trainer(), trainer()
    plain.run()
    watched.run(looks)
    assert {7, 11} <= set(looks.seen)
    assert_array_equal(plain.history.losses, watched.history.losses)
    assert_array_equal(plain.network.params["W1"], watched.network.params["W1"])
    watched.iterations = 60
    watched._looks.add(40)
    watched.run()
    assert watched._looks == set()


def test_the_end_says_where_numbers_were_no_longer_finite():
    events = []
    diverging = trainer(optimizer=SGD(1e30), listeners=[events.append])
    diverging.run()
    assert events[-1].divergence == diverging.divergence is not None
    finite = trainer(listeners=[events.append])
    finite.run()
    assert events[-1].divergence is None
