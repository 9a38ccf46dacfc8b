# 活性化関数を３つ並べて描く
import sys, os
sys.path.append(os.pardir)  # 親ディレクトリのファイルをインポートするための設定
from common.functions import *  # np もここから入ってくる
import matplotlib.pyplot as plt

x = np.arange(-5.0, 5.0, 0.1)

plt.plot(x, step_function(x), label='ステップ関数', linestyle='--')
plt.plot(x, sigmoid(x), label='シグモイド関数')
plt.plot(x, relu(x), label='ReLU関数', linestyle=':')
plt.ylim(-0.1, 1.5)
plt.title('活性化関数')
plt.legend()
plt.show()

print(step_function(np.array([-1.0, 0.5, 2.0])))
print(sigmoid(np.array([-1.0, 1.0, 2.0])).round(4))
