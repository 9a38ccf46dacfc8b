"""The smallest PyTorch script that does what `zerokara train mnist --quiet --no-plots` does, to time as a process."""

import gzip
import os
from pathlib import Path

import numpy as np
import torch

folder = next(Path(f) for f in os.environ["ZEROKARA_DATA"].split(os.pathsep))
folder = folder / "mnist" if (folder / "mnist").is_dir() else folder


def load(name: str, header: int) -> np.ndarray:
    return np.frombuffer(gzip.decompress((folder / name).read_bytes()), np.uint8, offset=header)


x = torch.from_numpy(load("train-images-idx3-ubyte.gz", 16).reshape(-1, 784) / np.float32(255))
t = torch.from_numpy(load("train-labels-idx1-ubyte.gz", 8).astype(np.int64))
test_x = torch.from_numpy(load("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 784) / np.float32(255))
test_t = torch.from_numpy(load("t10k-labels-idx1-ubyte.gz", 8).astype(np.int64))

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(784, 50), torch.nn.ReLU(), torch.nn.Linear(50, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for i in range(10_000):
    if i % 600 == 0:
        with torch.no_grad():
            (model(x).argmax(1) == t).float().mean(), (model(test_x).argmax(1) == test_t).float().mean()
    batch = torch.randint(60_000, (100,))
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(x[batch]), t[batch]).backward()
    optimizer.step()
with torch.no_grad():
    print(float((model(test_x).argmax(1) == test_t).float().mean()))
torch.save(model.state_dict(), os.devnull)
