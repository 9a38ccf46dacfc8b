# 초깃값에 따른 학습 비교
import os, sys
sys.path.append(os.pardir)
import numpy as np
import matplotlib.pyplot as plt
from dataset.mnist import load_mnist
from common.util import smooth_curve
from common.multi_layer_net import MultiLayerNet
from common.optimizer import SGD

(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)
x_train, t_train = x_train[:5000], t_train[:5000]
np.random.seed(0)

weight_init_types = {'std=0.01': 0.01, 'Xavier': 'sigmoid', 'He': 'relu'}
optimizer = SGD(lr=0.1)
for name, weight_type in weight_init_types.items():
    network = MultiLayerNet(input_size=784, hidden_size_list=[50, 50, 50, 50], output_size=10,
                            weight_init_std=weight_type)
    losses = []
    for i in range(100):
        batch_mask = np.random.choice(x_train.shape[0], 100)
        x_batch, t_batch = x_train[batch_mask], t_train[batch_mask]
        optimizer.update(network.params, network.gradient(x_batch, t_batch))
        losses.append(network.loss(x_batch, t_batch))
    print(name, '학습됨' if losses[-1] < 1.0 else '거의 학습되지 않음')
    plt.plot(smooth_curve(losses), label=name)
plt.xlabel('반복')
plt.ylabel('손실')
plt.legend()
plt.show()
