# 過学習：訓練データを300個に減らし、Dropout と Batch Normalization を試す
import os, sys
sys.path.append(os.pardir)
import numpy as np
from dataset.mnist import load_mnist
from common.multi_layer_net_extend import MultiLayerNetExtend
from common.trainer import Trainer
from common.util import shuffle_dataset

(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)
np.random.seed(0)
x_train, t_train = shuffle_dataset(x_train, t_train)
x_train, t_train = x_train[:300], t_train[:300]

for name, options in {'なし': {}, 'Dropout': {'use_dropout': True, 'dropout_ration': 0.2},
                      'BatchNorm': {'use_batchnorm': True}}.items():
    network = MultiLayerNetExtend(input_size=784, hidden_size_list=[50, 50, 50], output_size=10, **options)
    trainer = Trainer(network, x_train, t_train, x_test[:500], t_test[:500], epochs=25, mini_batch_size=100,
                      optimizer='sgd', optimizer_param={'lr': 0.1}, verbose=False)
    trainer.train()
    print(name, len(trainer.train_acc_list), '過学習' if trainer.train_acc_list[-1] > trainer.test_acc_list[-1] + 0.05 else '')
