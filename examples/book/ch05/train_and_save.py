# 학습한 매개변수를 pickle로 저장하고 다시 읽기
import sys, os
sys.path.append(os.pardir)
import pickle
import numpy as np
from dataset.mnist import load_mnist
from two_layer_net import TwoLayerNet

(x_train, t_train), (x_test, t_test) = load_mnist(normalize=True)   # 레이블은 숫자 그대로
np.random.seed(0)

network = TwoLayerNet(784, 30, 10)
for i in range(500):
    batch_mask = np.random.choice(x_train.shape[0], 100)
    grad = network.gradient(x_train[batch_mask], t_train[batch_mask])
    for key in network.params:
        network.params[key] -= 0.1 * grad[key]

before = network.accuracy(x_test, t_test)
with open('network.pkl', 'wb') as f:
    pickle.dump(network, f)
with open('network.pkl', 'rb') as f:
    loaded = pickle.load(f)
os.remove('network.pkl')

print('정확도:', before)
print('저장 후에도 같은가?', loaded.accuracy(x_test, t_test) == before)
