# 깊은 신경망 학습 (아주 적은 데이터로)
import sys, os
sys.path.append(os.pardir)
import numpy as np
from dataset.mnist import load_mnist
from deep_convnet import DeepConvNet
from common.trainer import Trainer

(x_train, t_train), (x_test, t_test) = load_mnist(flatten=False)
np.random.seed(0)

network = DeepConvNet()
trainer = Trainer(network, x_train[:100], t_train[:100], x_test[:50], t_test[:50],
                  epochs=2, mini_batch_size=10, optimizer='Adam', optimizer_param={'lr': 0.002},
                  evaluate_sample_num_per_epoch=50, verbose=False)
trainer.train()
print('반복:', len(trainer.train_loss_list))
print('손실이 줄었는가?', np.mean(trainer.train_loss_list[-5:]) < np.mean(trainer.train_loss_list[:5]))

# 매개변수 보관
network.save_params("deep_convnet_params.pkl")
DeepConvNet().load_params("deep_convnet_params.pkl")
os.remove("deep_convnet_params.pkl")
