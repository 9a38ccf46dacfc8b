# 深いCNNの重みの形と、層を通るごとの大きさ
import sys, os
sys.path.append(os.pardir)
import numpy as np
from deep_convnet import DeepConvNet

np.random.seed(0)
network = DeepConvNet()
for key, val in network.params.items():
    print(key, val.shape)

x = np.random.rand(2, 1, 28, 28)
for layer in network.layers:
    x = layer.forward(x)
    print(f"{layer.__class__.__name__:<12}{x.shape}")
