# CNN 기울기 확인
import numpy as np
from simple_convnet import SimpleConvNet

np.random.seed(0)
network = SimpleConvNet(input_dim=(1, 10, 10), conv_param={'filter_num': 3, 'filter_size': 3, 'pad': 0, 'stride': 1},
                        hidden_size=10, output_size=10, weight_init_std=0.1)
X = np.random.rand(2, 1, 10, 10)
T = np.array([3, 7])

grad_num = network.numerical_gradient(X, T)
grad = network.gradient(X, T)
for key, val in grad_num.items():
    print(key, val.shape, '일치' if np.abs(grad_num[key] - grad[key]).max() < 1e-6 else '불일치')
