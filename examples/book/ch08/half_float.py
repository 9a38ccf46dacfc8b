# 半精度浮動小数点数で推論しても精度は変わらない
import sys, os
sys.path.append(os.pardir)
import numpy as np
from dataset.mnist import load_mnist
from simple_convnet import SimpleConvNet

(x_train, t_train), (x_test, t_test) = load_mnist(flatten=False)
np.random.seed(0)
network = SimpleConvNet(conv_param={'filter_num': 4, 'filter_size': 5, 'pad': 0, 'stride': 1}, hidden_size=30)
for i in range(40):
    batch_mask = np.random.choice(len(x_train), 50)
    grads = network.gradient(x_train[batch_mask], t_train[batch_mask])
    for key in network.params:
        network.params[key] -= 0.1 * grads[key]

x, t = x_test[:200], t_test[:200]
single = network.accuracy(x, t)
for param in network.params.values():
    param[...] = param.astype(np.float16)
half = network.accuracy(x.astype(np.float16), t)
print('float16 でも同じ' if abs(single - half) < 0.01 else (single, half))
