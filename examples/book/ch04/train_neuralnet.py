# coding: utf-8
# ミニバッチ学習（数値微分は時間がかかるので最初の１回だけ、あとは誤差逆伝播法）
import sys, os
sys.path.append(os.pardir)
import numpy as np
import matplotlib.pyplot as plt
from dataset.mnist import load_mnist
from two_layer_net import TwoLayerNet

np.random.seed(0)
(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True, one_hot_label=True)
x_train, t_train = x_train[:5000], t_train[:5000]

network = TwoLayerNet(input_size=784, hidden_size=20, output_size=10)

iters_num = 1000
train_size = x_train.shape[0]
batch_size = 100
learning_rate = 0.5

train_loss_list = []
train_acc_list = []
test_acc_list = []
iter_per_epoch = max(int(train_size / batch_size), 1)

for i in range(iters_num):
    batch_mask = np.random.choice(train_size, batch_size)
    x_batch = x_train[batch_mask]
    t_batch = t_train[batch_mask]

    grad = network.gradient(x_batch, t_batch)
    for key in ('W1', 'b1', 'W2', 'b2'):
        network.params[key] -= learning_rate * grad[key]

    train_loss_list.append(network.loss(x_batch, t_batch))
    if i % iter_per_epoch == 0:
        train_acc_list.append(network.accuracy(x_train, t_train))
        test_acc_list.append(network.accuracy(x_test, t_test))

print("エポック数:", len(test_acc_list), "テストの認識精度:", test_acc_list[-1])

x = np.arange(len(train_acc_list))
plt.plot(x, train_acc_list, label='訓練データ')
plt.plot(x, test_acc_list, label='テストデータ', linestyle='--')
plt.xlabel("エポック")
plt.ylabel("認識精度")
plt.ylim(0, 1.0)
plt.legend(loc='lower right')
plt.show()
