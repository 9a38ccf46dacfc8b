# 3층 신경망 구현 (책 3.4절을 보고 직접 작성)
import sys,os
sys.path.append(os.pardir)
import numpy as np
from common.functions import sigmoid, identity_function, softmax

def init_network():
    network = {}
    network['W1'] = np.array([[0.1,0.3,0.5],[0.2,0.4,0.6]])
    network['b1'] = np.array([0.1,0.2,0.3])
    network['W2'] = np.array([[0.1,0.4],[0.2,0.5],[0.3,0.6]])
    network['b2'] = np.array([0.1,0.2])
    network['W3'] = np.array([[0.1,0.3],[0.2,0.4]])
    network['b3'] = np.array([0.1,0.2])
    return network

def forward(network, x):
    # 입력층 -> 1층 -> 2층 -> 출력층
    z1 = sigmoid(np.dot(x, network['W1']) + network['b1'])
    z2 = sigmoid(np.dot(z1, network['W2']) + network['b2'])
    return identity_function(np.dot(z2, network['W3']) + network['b3'])

if __name__ == '__main__':
    y = forward(init_network(), np.array([1.0, 0.5]))
    print('출력:', y)
    print('확률의 합:', np.sum(softmax(y)))
