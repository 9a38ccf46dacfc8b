"""The catalogue: what zerokara knows about published data sets before it has seen a file of them.

The addresses and sums are those that public code carries. The sums of MNIST were checked against the files; fetching
from these addresses has not been tried yet.
"""

from dataclasses import dataclass

from zerokara.words import in_english, translatable


def possible_names(published: str) -> tuple[str, str, str]:
    """The names a file may have on a disk: packed, unpacked, and unpacked by programs that write a dot.

    >>> possible_names("t10k-labels-idx1-ubyte.gz")
    ('t10k-labels-idx1-ubyte.gz', 't10k-labels-idx1-ubyte', 't10k-labels.idx1-ubyte')
    """
    unpacked = published.removesuffix(".gz")
    return published, unpacked, unpacked.replace("-idx", ".idx")


@dataclass(frozen=True)
class PublishedFile:
    """One file of a data set, packed by gzip as published.

    Attributes:
        name: the file's name, ending in `.gz`.
        known_sum: the checksum of the packed file: "sha256:…" or "md5:…", whichever was published.
        unpacked_crc32: the CRC-32 of the unpacked file, where it is known.
    """

    name: str
    known_sum: str
    unpacked_crc32: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The names it may have on a disk."""
        return possible_names(self.name)


@dataclass(frozen=True)
class Entry:
    """A data set that has a name in the catalogue.

    Attributes:
        name, title: what to call it, and what its authors call it.
        description: what it is, translatable.
        license, home: under which terms it is published, and by whom.
        class_names, image_shape: as in `zerokara.data.Dataset`.
        mirrors: base addresses to fetch from, in order; none for data that are always at hand.
        files: training images, training labels, test images, test labels.
    """

    name: str
    title: str
    description: str
    license: str
    home: str
    class_names: tuple[str, ...]
    image_shape: tuple[int, int] = (28, 28)
    mirrors: tuple[str, ...] = ()
    files: tuple[PublishedFile, ...] = ()

    @property
    def bundled(self) -> bool:
        """Whether the data come with an installed package, so that nothing need be fetched."""
        return not self.files


FILE_NAMES = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)
"""Training images, training labels, test images, test labels: the same four names in every set of the MNIST family."""

_MNIST_SUMS = (
    ("sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609", 0xE9F4D8B3),
    ("sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c", 0xE0CB4AD2),
    ("sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6", 0x91373BDF),
    ("sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6", 0x4AB9EFF9),
)
_FASHION_SUMS = (
    "md5:8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "md5:25c81989df183df01b3e8a0aad5dffbe",
    "md5:bef4ecab320f06d8554ea6380940ec79",
    "md5:bb300cfdad3c16e7a12a480ee83cd310",
)
_KMNIST_SUMS = (
    "md5:bdb82020997e1d708af4cf47b453dcf7",
    "md5:e144d726b3acfaa3e44228e80efcd344",
    "md5:5c965bf0a639b31b8f53240b1b52f4d7",
    "md5:7320c461ea6c1c855c0b718fb2a4b134",
)

ENTRIES = {
    entry.name: entry
    for entry in (
        Entry(
            name="digits",
            title=in_english("Optical Recognition of Handwritten Digits"),
            description=translatable("1,797 handwritten digits of 8×8 pixels, always at hand"),
            license="CC BY 4.0",
            home=in_english("Alpaydin and Kaynak, https://archive.ics.uci.edu/dataset/80"),
            class_names=tuple("0123456789"),
            image_shape=(8, 8),
        ),
        Entry(
            name="mnist",
            title=in_english("MNIST database of handwritten digits"),
            description=translatable("70,000 handwritten digits of 28×28 pixels"),
            license="CC BY-SA 3.0",
            home=in_english("LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/"),
            class_names=tuple("0123456789"),
            mirrors=(
                "https://storage.googleapis.com/cvdf-datasets/mnist/",
                "https://ossci-datasets.s3.amazonaws.com/mnist/",
            ),
            files=tuple(PublishedFile(name, *sums) for name, sums in zip(FILE_NAMES, _MNIST_SUMS, strict=True)),
        ),
        Entry(
            name="fashion-mnist",
            title=in_english("Fashion-MNIST"),
            description=translatable("70,000 pictures of clothes of 28×28 pixels"),
            license="MIT",
            home=in_english("Xiao, Rasul and Vollgraf, https://github.com/zalandoresearch/fashion-mnist"),
            class_names=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            mirrors=(
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
                "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            ),
            files=tuple(PublishedFile(name, known) for name, known in zip(FILE_NAMES, _FASHION_SUMS, strict=True)),
        ),
        Entry(
            name="kmnist",
            title=in_english("Kuzushiji-MNIST"),
            description=translatable("70,000 cursive Japanese characters of 28×28 pixels"),
            license="CC BY-SA 4.0",
            home=in_english("Clanuwat et al., https://codh.rois.ac.jp/kmnist/"),
            class_names=tuple("おきすつなはまやれを"),
            mirrors=("https://codh.rois.ac.jp/kmnist/dataset/kmnist/",),
            files=tuple(PublishedFile(name, known) for name, known in zip(FILE_NAMES, _KMNIST_SUMS, strict=True)),
        ),
    )
}
"""Every data set that has a name, in the order in which people should see them."""
