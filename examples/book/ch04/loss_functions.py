# 손실 함수 비교: 오차제곱합과 교차 엔트로피
import sys, os
sys.path.append(os.pardir)
from common.functions import *
from common.gradient import numerical_gradient

t = np.array([0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
y1 = np.array([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0])  # '2'일 확률이 가장 높다
y2 = np.array([0.1, 0.05, 0.1, 0.0, 0.05, 0.1, 0.0, 0.6, 0.0, 0.0])  # '7'일 확률이 가장 높다

print('오차제곱합:', sum_squared_error(y1, t), sum_squared_error(y2, t))
print('교차 엔트로피:', cross_entropy_error(y1, t), cross_entropy_error(y2, t))

# 간단한 신경망의 기울기
np.random.seed(1)
W = np.random.randn(2, 3)
x = np.array([0.6, 0.9])
f = lambda w: cross_entropy_error(softmax(np.dot(x, W)), np.array([0, 0, 1]))
print(numerical_gradient(f, W))
