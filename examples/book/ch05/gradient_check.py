# 数値微分と誤差逆伝播法の答え合わせ
import sys, os
sys.path.append(os.pardir)
import numpy as np
from dataset.mnist import load_mnist
from two_layer_net import TwoLayerNet

(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)

# 画素を７つおきに使って時間を短くする
x_batch = x_train[:3, ::7]
t_batch = t_train[:3]

np.random.seed(0)
network = TwoLayerNet(input_size=112, hidden_size=8, output_size=10, weight_init_std=0.1)
grad_numerical = network.numerical_gradient(x_batch, t_batch)
grad_backprop = network.gradient(x_batch, t_batch)

print(list(network.layers.keys()))
for key in grad_numerical.keys():
    diff = np.average(np.abs(grad_backprop[key] - grad_numerical[key]))
    print(key, "OK" if diff < 1e-6 else diff)
