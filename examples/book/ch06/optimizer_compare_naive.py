# coding: utf-8
# f(x, y) = x^2/20 + y^2 を６つの手法で下る
import sys, os
sys.path.append(os.pardir)
import numpy as np
import matplotlib.pyplot as plt
from collections import OrderedDict
from common.optimizer import *


def df(x, y):
    return x / 10.0, 2.0 * y


optimizers = OrderedDict()
optimizers["SGD"] = SGD(lr=0.95)
optimizers["Momentum"] = Momentum(lr=0.1)
optimizers["Nesterov"] = Nesterov(lr=0.1)
optimizers["AdaGrad"] = AdaGrad(lr=1.5)
optimizers["RMSprop"] = RMSprop(lr=0.1)
optimizers["Adam"] = Adam(lr=0.3)

for idx, key in enumerate(optimizers, start=1):
    params, grads = {'x': -7.0, 'y': 2.0}, {}
    x_history, y_history = [], []
    for i in range(60):
        x_history.append(params['x'])
        y_history.append(params['y'])
        grads['x'], grads['y'] = df(params['x'], params['y'])
        optimizers[key].update(params, grads)
    print(f"{key:<9} x = {params['x']:+.3f}  y = {params['y']:+.3f}")
    plt.subplot(2, 3, idx)
    plt.plot(x_history, y_history, 'o-', markersize=3)
    plt.title(key)
plt.tight_layout()
plt.show()
