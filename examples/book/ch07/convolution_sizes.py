# 畳み込み層とプーリング層の形を確かめる
import sys, os
sys.path.append(os.pardir)
import numpy as np
from common.util import im2col, col2im
from common.layers import Convolution, Pooling

x = np.random.rand(10, 3, 7, 7)
col = im2col(x, 5, 5, stride=1, pad=0)
print('im2col:', col.shape)
print('col2im:', col2im(col, x.shape, 5, 5).shape)

conv = Convolution(np.random.rand(4, 3, 3, 3), np.zeros(4), stride=1, pad=1)
pool = Pooling(pool_h=2, pool_w=2, stride=2)
out = pool.forward(conv.forward(x))
print('畳み込みとプーリングの後:', out.shape)
print('逆伝播:', conv.backward(pool.backward(np.ones_like(out))).shape)
