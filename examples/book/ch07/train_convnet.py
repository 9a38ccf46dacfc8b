# coding: utf-8
# CNN の学習。時間のかかる場合はデータを削減
import sys, os
sys.path.append(os.pardir)
import numpy as np
import matplotlib.pyplot as plt
from dataset.mnist import load_mnist
from simple_convnet import SimpleConvNet
from common.trainer import Trainer

(x_train, t_train), (x_test, t_test) = load_mnist(flatten=False)
x_train, t_train = x_train[:800], t_train[:800]
x_test, t_test = x_test[:200], t_test[:200]
np.random.seed(0)

max_epochs = 3
network = SimpleConvNet(input_dim=(1, 28, 28), hidden_size=50, output_size=10, weight_init_std=0.01,
                        conv_param={'filter_num': 8, 'filter_size': 5, 'pad': 0, 'stride': 1})
trainer = Trainer(network, x_train, t_train, x_test, t_test, epochs=max_epochs, mini_batch_size=50,
                  optimizer='Adam', optimizer_param={'lr': 0.003}, evaluate_sample_num_per_epoch=200)
trainer.train()

network.save_params("params.pkl")
print("Saved Network Parameters!")
network.params['W1'][...] = 0
network.load_params("params.pkl")
os.remove("params.pkl")
print("テスト:", network.accuracy(x_test, t_test))

markers = {'train': 'o', 'test': 's'}
x = np.arange(max_epochs)
plt.plot(x, trainer.train_acc_list, marker='o', label='train')
plt.plot(x, trainer.test_acc_list, marker='s', label='test')
plt.show()
