"""What the tab Draw is answered: contributions and switched-off units by hand, answers as a run gives them."""

import io
import zlib
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageDraw

from zerokara.data.dataset import Dataset, Split
from zerokara.data.description import DataDescription
from zerokara.data.loading import load
from zerokara.errors import DataError, UsageError, ZerokaraError
from zerokara.lab.contributions import printed_sum
from zerokara.lab.drawing import ANSWERS, LONGEST, MOST_UNITS
from zerokara.lab.messages import Message, packed, unpacked
from zerokara.lab.subject import Subject
from zerokara.lab.tracing import traced
from zerokara.nn.network import Network
from zerokara.runs.train import train
from zerokara.training.recipe import Recipe

NAMES = ("circle", "line", "dot")


def small_dataset(shape=(4, 5), full=255, samples=40) -> Dataset:
    """Random pictures of three classes."""
    rng = np.random.default_rng(5)
    features = int(np.prod(shape))
    splits = []
    for n in (samples, samples):
        pixels = rng.integers(0, 256, (n, features), dtype=np.uint8) if full else rng.normal(size=(n, features))
        splits.append(Split(pixels, rng.integers(0, 3, n), full))
    return Dataset("shapes", *splits, NAMES, shape, "none", "nowhere")


def subject_of(dataset=None, hidden=(6, 4), iteration=7, **network) -> Subject:
    dataset = dataset or small_dataset()
    sizes = [dataset.train.pixels.shape[1], *hidden, len(dataset.class_names)]
    made = Network(sizes, seed=3, **{"dtype": np.float32, "init": 0.5, **network})
    for i in range(1, len(sizes)):
        made.params[f"b{i}"] = np.linspace(-0.3, 0.4, sizes[i])
    recipe = Recipe(dataset=dataset.name, hidden=hidden or (1,), dtype="float32")
    return Subject(recipe, dataset, DataDescription.of(dataset), made, iteration, "reference")


def ask(subject: Subject, kind: str = "draw", arrays=None, files=(), **fields):
    """The answer, as the page gets it."""
    answer = ANSWERS[kind](subject, Message(kind, fields, arrays or {}, files))
    return unpacked(packed(answer))


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(1).random((4, 5), dtype=np.float32)


def by_hand(network: Network, x, off=()):
    """(inputs, sums) of every affine layer, in NumPy alone; tanh, in double precision."""
    params = {name: np.asarray(value, np.float64) for name, value in network.params.items()}
    inputs, sums = [np.asarray(x, np.float64)], []
    for i in range(1, len(network.sizes)):
        sums.append(inputs[-1] @ params[f"W{i}"] + params[f"b{i}"])
        activity = np.tanh(sums[-1])
        for layer, unit in off:
            if layer == i:
                activity[unit] = 0
        inputs.append(activity)
    return inputs[:-1], sums


def shares(scores):
    e = np.exp(scores - scores.max())
    return e / e.sum()


@pytest.mark.parametrize("off", [[], [[1, 2]], [[1, 0], [1, 5], [2, 3]], [[2, 0], [2, 1], [2, 2], [2, 3]]])
def test_units_that_are_switched_off_hand_on_nothing(pixels, off):
    subject = subject_of(activation="tanh")
    answer = ask(subject, arrays={"pixels": pixels}, off=off)
    inputs, sums = by_hand(subject.network, pixels.ravel(), off)
    assert_allclose(answer.arrays["probabilities"], shares(sums[-1]), rtol=1e-5)
    assert_allclose(answer.arrays["activity1"], inputs[1], rtol=1e-5, atol=1e-7)
    assert_allclose(answer.arrays["activity2"], inputs[2], rtol=1e-5, atol=1e-7)
    assert_allclose(answer.arrays["before"], shares(by_hand(subject.network, pixels.ravel())[1][-1]), rtol=1e-5)


def test_the_network_stays_as_it_was(pixels):
    subject = subject_of()
    before = {name: array.copy() for name, array in subject.network.params.items()}
    layers = [dict(vars(layer)) for layer in subject.network.layers]
    ask(subject, arrays={"pixels": pixels}, off=[[1, 1]], unit=[1, 1])
    assert all(np.array_equal(before[name], array) for name, array in subject.network.params.items())
    assert [dict(vars(layer)) for layer in subject.network.layers] == layers  # nor do its layers keep the picture


@pytest.mark.parametrize("unit", [[1, 0], [1, 5], [2, 3], [3, 2]])
@pytest.mark.parametrize("off", [[], [[1, 4]]])
def test_contributions_and_bias_make_the_sum(pixels, unit, off):
    subject = subject_of(activation="tanh")
    answer = ask(subject, arrays={"pixels": pixels}, unit=unit, off=off)
    (layer, number), told = unit, answer.fields["unit"]
    inputs, sums = by_hand(subject.network, pixels.ravel(), off)
    weights = subject.network.params[f"W{layer}"][:, number]
    contributions = answer.arrays["contributions"]
    assert contributions.shape == answer.arrays["weights"].shape == ((4, 5) if layer == 1 else (len(weights),))
    assert_array_equal(answer.arrays["weights"].ravel(), weights)
    assert_allclose(contributions.ravel(), inputs[layer - 1] * weights, rtol=1e-5, atol=1e-7)
    assert Decimal(told["sum"]) + Decimal(told["bias"]) == Decimal(told["total"])
    assert abs(float(told["total"]) - sums[layer - 1][number]) < 1e-3
    assert float(told["bias"]) == pytest.approx(float(subject.network.params[f"b{layer}"][number]), abs=6e-4)
    if layer == 3:
        assert told["output"]
        assert told["name"] == NAMES[number]
        assert "activity" not in told
    else:
        activity = inputs[layer][number]
        assert float(told["activity"]) == pytest.approx(activity, rel=6e-4)
        outgoing = subject.network.params[f"W{layer + 1}"][number]
        assert_allclose(answer.arrays["handed_on"], activity * outgoing, rtol=1e-5)


def test_who_spoke_most_is_named_first():
    subject = subject_of(hidden=(12,), activation="sigmoid")
    answer = ask(subject, arrays={"pixels": np.ones((4, 5), np.float32)}, unit=[2, 1])
    told, contributions = answer.fields["unit"], answer.arrays["contributions"]
    order = sorted(range(12), key=lambda i: -contributions[i])
    for key, expected in (("speaks_for", order), ("against", order[::-1])):
        sign = 1 if key == "speaks_for" else -1
        assert [one["unit"] for one in told[key]] == [i for i in expected[:5] if sign * contributions[i] > 0]
        assert all(float(one["text"]) == pytest.approx(contributions[one["unit"]], abs=6e-4) for one in told[key])
    receivers = ask(subject, arrays={"pixels": np.ones((4, 5), np.float32)}, unit=[1, 3]).fields["unit"]["receivers"]
    assert [one["name"] for one in receivers] == list(NAMES)


def test_a_switched_off_unit_keeps_its_sum_and_loses_its_activity(pixels):
    subject = subject_of(activation="sigmoid")
    on, off = (ask(subject, arrays={"pixels": pixels}, unit=[1, 2], off=off) for off in ([], [[1, 2]]))
    assert on.fields["unit"]["total"] == off.fields["unit"]["total"]
    assert float(on.fields["unit"]["activity"]) > 0 == float(off.fields["unit"]["activity"])
    assert not off.arrays["handed_on"].any()


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "tanh", "gelu", "leaky-relu"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", [(), (3,), (5, 4, 3)])
def test_every_network_is_traced_bit_for_bit(activation, dtype, hidden, pixels):
    subject = subject_of(activation=activation, dtype=dtype, hidden=hidden)
    x = pixels.reshape(1, -1).astype(dtype)
    assert_array_equal(traced(subject.network, x, {}).sums[-1], subject.network.predict(x))
    answer = ask(subject, arrays={"pixels": pixels}, unit=[1, 0])
    assert [layer["units"] for layer in answer.fields["layers"]] == list(hidden)
    assert answer.arrays["contributions"].dtype == dtype


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ((1.0, 2.0, 3.0), ("1.000", "2.000", "3.000")),
        ((0.00012344, 0.0, 0.00012344), ("0.0001234", "0.0000000", "0.0001234")),
        ((1.00049, 1.00049, 2.00098), ("1.0005", "1.0005", "2.0010")),
        ((-12.5, 12.5, 0.0), ("-12.50", "12.50", "0.00")),
        ((0.0, 0.0, 0.0), ("0", "0", "0")),
        ((-1e-9, 1.0, 1.0), ("0.000", "1.000", "1.000")),
        ((1e12, 1.0, 1e12), ("1e+12", "1", "1e+12")),
        ((float("inf"), 1.0, float("inf")), ("inf", "1", "inf")),
    ],
)
def test_sums_add_up_as_they_are_printed(numbers, expected):
    assert printed_sum(*numbers) == expected


def test_printed_sums_of_any_numbers_add_up():
    rng, kept = np.random.default_rng(2), 0
    for first, second in rng.normal(size=(300, 2)) * 10.0 ** rng.integers(-4, 4, (300, 1)):
        texts = printed_sum(first, second, first + second)
        for text, number in zip(texts, (first, second, first + second), strict=True):
            digits = Decimal(1).scaleb(Decimal(text).as_tuple().exponent)
            assert abs(Decimal(text) - Decimal(float(number))) <= digits / 2
        kept += Decimal(texts[0]) + Decimal(texts[1]) == Decimal(texts[2])
    assert kept >= 295  # of three numbers of decimals one is nearly always right


def drawn_seven() -> Image.Image:
    picture = Image.new("L", (280, 280), 0)
    ImageDraw.Draw(picture).line([(70, 60), (200, 60), (120, 230)], fill=255, width=24, joint="curve")
    return picture


def as_file(picture: Image.Image, kind: str) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind)
    return file.getvalue()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return train("digits", hidden=(20,), epochs=3, learning_rate=0.3, out=tmp_path_factory.mktemp("runs"), plots=False)


@pytest.fixture(scope="module")
def trained(run) -> Subject:
    return Subject(run.recipe, load("digits"), run.described, run.network, run.iterations, "reference")


def test_a_drawing_is_answered_as_its_file_by_predict(run, trained, tmp_path):
    ink = drawn_seven()
    ink.save(tmp_path / "seven.png")
    expected = run.predict(tmp_path / "seven.png")
    answer = ask(trained, arrays={"ink": np.asarray(ink)})
    assert_array_equal(answer.arrays["probabilities"], expected.probabilities)
    assert_array_equal(answer.arrays["inputs"][0], expected.seen)
    assert f"{expected.file}: {answer.fields['heading']}" == expected.heading
    assert [one["share"] for one in answer.fields["classes"]] == [f"{p:.1%}" for p in expected.probabilities]
    assert answer.fields["stages"] == [step.label for step in expected.steps]
    assert answer.fields["found"] + answer.fields["doubts"] == [doubt.text for doubt in expected.doubts]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
def test_a_file_is_answered_as_by_predict(run, trained, tmp_path, kind):
    paper = Image.eval(drawn_seven().resize((400, 300)), lambda level: 230 - level * 3 // 4)
    content = as_file(paper, kind)
    (tmp_path / "seven").write_bytes(content)
    expected = run.predict(tmp_path / "seven")
    answer = ask(trained, files=[content], name="seven")
    assert_array_equal(answer.arrays["probabilities"], expected.probabilities)
    assert_array_equal(answer.arrays["inputs"][answer.fields["way"]], expected.seen)
    again = ask(trained, arrays={"pixels": answer.arrays["inputs"]})
    assert_array_equal(again.arrays["probabilities"], expected.probabilities)
    assert again.fields["doubts"] == answer.fields["doubts"]


def test_stages_are_not_larger_than_they_are_shown(trained):
    answer = ask(trained, files=[as_file(drawn_seven().resize((1200, 700)), "PNG")])
    for i in range(len(answer.fields["stages"])):
        assert answer.arrays[f"stage{i}"].dtype == np.uint8
        assert max(answer.arrays[f"stage{i}"].shape) <= LONGEST


def test_what_has_no_ink_has_no_answer(trained):
    answer = ask(trained, arrays={"ink": np.zeros((280, 280), np.uint8)})
    assert answer.fields["empty"]
    assert answer.fields["heading"] == "No ink was found in the picture."
    assert answer.fields["found"] == answer.fields["doubts"] == []


def test_before_training_it_is_said_that_nothing_was_learned(pixels):
    assert "learned nothing yet" in ask(subject_of(iteration=0), arrays={"pixels": pixels}).fields["note"]
    assert ask(subject_of(iteration=1), arrays={"pixels": pixels}).fields["note"] == ""


def test_of_many_units_and_classes_some_are_shown():
    dataset = replace(small_dataset(), class_names=(*NAMES, *(f"class {i}" for i in range(60))))
    subject = subject_of(dataset, hidden=(MOST_UNITS + 5,))
    answer = ask(subject, arrays={"pixels": np.ones((4, 5), np.float32)}, unit=[1, 0])
    assert answer.fields["layers"] == [{"units": MOST_UNITS + 5, "shown": MOST_UNITS}]
    assert len(answer.arrays["activity1"]) == MOST_UNITS
    assert len(answer.fields["classes"]) == len(answer.arrays["probabilities"]) == 40
    assert answer.fields["rest"] == "The 40 likeliest of 63 classes."
    assert len(answer.fields["unit"]["receivers"]) == 12


@pytest.mark.parametrize(
    ("arrays", "fields"),
    [
        ({}, {}),
        ({"paint": np.zeros(3)}, {}),
        ({"ink": np.zeros((0, 28), np.uint8)}, {}),
        ({"ink": np.zeros(784, np.uint8)}, {}),
        ({"ink": np.zeros((2, 2, 3), np.uint8)}, {}),
        ({"ink": np.zeros((28, 28), np.float32)}, {}),
        ({"pixels": np.zeros((5, 4), np.float32)}, {}),
        ({"pixels": np.zeros((3, 4, 5), np.float32)}, {}),
        ({"pixels": np.zeros((0, 4, 5), np.float32)}, {}),
        ({"pixels": np.zeros(20, np.float32)}, {}),
        ({"pixels": np.array(0.0)}, {}),
        ({"pixels": np.full((4, 5), np.nan)}, {}),
        ({"pixels": np.full((4, 5), 1e300)}, {}),
        ("fine", {"off": "all"}),
        ("fine", {"off": [[1]]}),
        ("fine", {"off": [[1, 6]]}),
        ("fine", {"off": [[0, 0]]}),
        ("fine", {"off": [[3, 0]]}),  # an output
        ("fine", {"off": [[1, True]]}),
        ("fine", {"off": [[1, 0]] * 100}),
        ("fine", {"unit": [4, 0]}),
        ("fine", {"unit": [1, -1]}),
        ("fine", {"unit": [1.0, 0]}),
        ("fine", {"unit": "W1"}),
        ("fine", {"unit": {"layer": 1}}),
    ],
)
def test_what_does_not_fit_is_refused(arrays, fields, pixels):
    with pytest.raises(UsageError, match="must be"):
        ask(subject_of(), arrays={"pixels": pixels} if arrays == "fine" else arrays, **fields)


def bomb(side: int) -> bytes:
    """A PNG that would unpack to far more than it has: only its head is read."""
    content = bytearray(as_file(Image.new("L", (4, 4)), "PNG"))
    content[16:24] = side.to_bytes(4, "big") * 2
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (b"", "cannot be read as a picture"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "cannot be read as a picture"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "cannot be read as a picture"),
        (as_file(drawn_seven(), "PNG")[:-60], "cannot be read as a picture"),
        (bomb(5_000), "5000×5000 pixels"),
        (bomb(60_000), "decompression bomb"),
    ],
)
def test_hostile_files_get_a_sentence(content, match):
    with pytest.raises(DataError, match=match) as error:
        ask(subject_of(load("digits")), files=[content], name="a\x1b[2J" + "b" * 500)
    assert "\x1b" not in str(error.value)
    assert len(str(error.value)) < 300


def test_a_table_has_no_pictures():
    subject = subject_of(small_dataset((20,)))
    with pytest.raises(UsageError, match="are no gray pictures"):
        ask(subject, arrays={"ink": np.zeros((28, 28), np.uint8)})


def test_a_network_that_went_astray_has_no_answer(pixels):
    subject = subject_of()
    subject.network.params["W1"][...] = np.nan
    with pytest.raises(ZerokaraError, match="not finite"):
        ask(subject, arrays={"pixels": pixels})


def test_a_sample_is_shown_as_the_network_gets_it():
    subject = subject_of()
    sample = ask(subject, "sample", which=11)
    test = subject.dataset.test
    assert_array_equal(sample.arrays["pixels"], test.x[11].reshape(4, 5))
    assert sample.fields["label"] == NAMES[test.t[11]]
    assert (sample.fields["number"], sample.fields["last"], sample.fields["range"]) == (11, 39, [0.0, 1.0])
    assert 0 <= ask(subject, "sample", which="random").fields["number"] < 40


def test_samples_that_are_values_say_which_there_are():
    dataset = small_dataset(full=None)
    low, high = ask(subject_of(dataset), "sample", which=0).fields["range"]
    assert (low, high) == (dataset.test.pixels.min(), dataset.test.pixels.max())


def test_misread_samples_come_one_after_the_other_and_around():
    subject = subject_of()
    answers = subject.network.predict(subject.dataset.test.x).argmax(axis=1)
    wrong = np.flatnonzero(answers != subject.dataset.test.t).tolist()
    seen, number = [], -1
    for _ in range(len(wrong) + 1):
        number = ask(subject, "sample", which="misread", after=number).fields["number"]
        seen.append(number)
    assert seen == [*wrong, wrong[0]]


def test_the_most_confidently_misread_come_first():
    subject = subject_of()
    found = ask(subject, "misread")
    scores = np.asarray(subject.network.predict(subject.dataset.test.x), np.float64)
    p, t = np.array([shares(row) for row in scores]), subject.dataset.test.t
    lead = {i: p[i].max() - p[i, t[i]] for i in range(40) if p[i].argmax() != t[i]}
    expected = sorted(lead, key=lambda i: -lead[i])[:24]
    assert found.fields["wrong"] == len(lead)
    assert [one["number"] for one in found.fields["samples"]] == expected
    for one, picture in zip(found.fields["samples"], found.arrays["pictures"], strict=True):
        i = one["number"]
        assert_array_equal(picture.ravel(), subject.dataset.test.x[i])
        assert one == {
            "number": i,
            "label": NAMES[t[i]],
            "answer": NAMES[p[i].argmax()],
            "certainty": f"{p[i].max():.1%}",
        }


def test_a_network_that_reads_all_rightly_has_no_misread_sample():
    subject = subject_of()
    subject.dataset.test.t[:] = subject.network.predict(subject.dataset.test.x).argmax(axis=1)
    assert ask(subject, "misread").fields["samples"] == []
    with pytest.raises(UsageError, match="reads every test sample rightly"):
        ask(subject, "sample", which="misread")


@pytest.mark.parametrize("which", [-1, 40, "first", None, 1.5, True, [1]])
def test_a_sample_that_is_not_there_is_refused(which):
    with pytest.raises(UsageError, match="number must be a whole number from 0 to 39"):
        ask(subject_of(), "sample", which=which)


def test_sentences_go_through_the_catalogue(marked, pixels):
    answer = ask(subject_of(iteration=0), arrays={"pixels": pixels})
    assert answer.fields["note"].startswith("⟦")
    assert answer.fields["note"].endswith("⟧")


@pytest.mark.parametrize("turned", [False, True])
def test_the_likelier_way_to_read_a_photo_is_shown(trained, turned):
    """`predicted` decides between two ways; what is shown of the layers is of the same."""
    ways = np.random.default_rng(1).random((2, 8, 8), dtype=np.float32)
    p = trained.network.probabilities(ways.reshape(2, 64)).max(axis=1)
    likelier = int(p.argmax())
    if turned:
        ways, likelier = ways[::-1], 1 - likelier
    answer = ask(trained, arrays={"pixels": ways}, unit=[1, 0])
    assert answer.fields["way"] == likelier
    inputs, sums = ways[likelier].ravel(), by_hand(trained.network, ways[likelier].ravel())[1]
    assert_allclose(answer.arrays["activity1"], np.maximum(0, sums[0]), rtol=1e-4, atol=1e-5)
    weights = trained.network.params["W1"][:, 0]
    assert_allclose(answer.arrays["contributions"].ravel(), inputs * weights, rtol=1e-5, atol=1e-7)


def test_what_are_no_digits_are_not_prepared_as_such():
    """Their files may lie in a folder, without class names: then only the name of the data says it."""
    labels = {}
    for name in ("mnist", "kmnist"):
        subject = subject_of(replace(small_dataset((28, 28)), name=name, class_names=tuple("0123456789")))
        subject = replace(subject, described=replace(subject.described, background=0.0))
        labels[name] = ask(subject, arrays={"ink": np.asarray(drawn_seven())}).fields["stages"]
    assert labels["kmnist"] == ["Picture in gray", "Input of the network"] != labels["mnist"]
