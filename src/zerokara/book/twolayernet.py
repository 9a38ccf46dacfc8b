"""A learner's own top-level `twolayernet`, where it is missing: chapter 5's network that also takes a step itself."""

from typing import Any

from numpy.typing import NDArray

from zerokara.book import chapter5

__all__ = ["TwoLayerNet"]


class TwoLayerNet(chapter5.TwoLayerNet):
    """Chapter 5's network with `learn`."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        output_size: int,
        weight_init_std: float = 0.01,
        learning_rate: float = 0.1,
    ) -> None:
        super().__init__(input_size, hidden_size, output_size, weight_init_std)
        self.learning_rate = learning_rate

    def learn(self, x: NDArray[Any], t: NDArray[Any]) -> None:
        """One step of gradient descent on these samples."""
        for key, grad in self.gradient(x, t).items():
            self.params[key] -= self.learning_rate * grad
