"""Ways in which learners write a numerical gradient: right ones, and ones that are subtly something else.

Each is a source with `run(net, x, t)`; what it returns, fills and leaves behind is compared with the plain loop's.
"""

CENTRAL = """
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before + h
        above = f(x)
        x[i] = before - h
        below = f(x)
        x[i] = before
        grad[i] = (above - below) / (2 * h)
"""


def own(
    body: str, head: str = "def own(f, x, h=1e-4):", made: str = "np.zeros_like(x)", end: str = "return grad"
) -> str:
    """A function `own(f, x)` with this loop in it, called for W1 by a lambda that ignores its argument."""
    return f"{head}\n    grad = {made}\n{body}\n    {end}\n{CALLS}"


CALLS = """
def run(net, x, t):
    f = lambda W: net.loss(x, t)
    return {key: own(f, net.params[key]) for key in net.params}
"""
ONE = """
def run(net, x, t):
    return own(lambda W: net.loss(x, t), net.params['W1'])
"""
TWO = """
def run(net, x, t):
    f = lambda W: net.loss(x, t)
    return own(f, net.params['W1']), own(f, net.params['W2'])
"""
BY_ARGUMENT = """
def run(net, x, t):
    def loss(W):
        h1 = sigmoid(np.dot(x, W) + net.params['b1'])
        return cross_entropy_error(softmax(np.dot(h1, net.params['W2']) + net.params['b2']), t)
    return own(loss, net.params['W1'])
"""
METHOD = """
def run(net, x, t):
    return own(net, x, t)
"""

RIGHT = {
    "the textbook's": """
def own(f, x):
    h = 1e-4 # 0.0001
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=['multi_index'], op_flags=['readwrite'])
    while not it.finished:
        idx = it.multi_index
        tmp_val = x[idx]
        x[idx] = float(tmp_val) + h
        fxh1 = f(x) # f(x+h)
        x[idx] = tmp_val - h
        fxh2 = f(x) # f(x-h)
        grad[idx] = (fxh1 - fxh2) / (2*h)
        x[idx] = tmp_val # 値を元に戻す
        it.iternext()
    return grad
"""
    + CALLS,
    "ndindex": own(CENTRAL),
    "nested for": own("""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            before = x[i, j]
            x[i, j] = before + h
            above = f(x)
            x[i, j] = before - h
            below = f(x)
            x[i][j] = before
            grad[i][j] = (above - below) / (2 * h)
""").replace(CALLS, TWO),
    "column by column": own("""
    rows, columns = x.shape
    for j in range(columns):
        for i in range(rows):
            before = x[i, j]
            x[i, j] = before + h
            above = f(x)
            x[i, j] = before - h
            below = f(x)
            x[i, j] = before
            grad[i, j] = (above - below) / (2 * h)
""").replace(CALLS, TWO),
    "flat": own("""
    for i in range(x.size):
        before = x.flat[i]
        x.flat[i] = before + h
        above = f(x)
        x.flat[i] = before - h
        below = f(x)
        x.flat[i] = before
        grad.flat[i] = (above - below) / (2 * h)
"""),
    "reshape(-1)": own("""
    flat, out = x.reshape(-1), grad.reshape(-1)
    for i in range(len(flat)):
        before = flat[i]
        flat[i] = before + h
        above = f(x)
        flat[i] = before - h
        below = f(x)
        flat[i] = before
        out[i] = (above - below) / 2 / h
"""),
    "ravel, while": own("""
    flat, i = x.ravel(), 0
    while i < flat.size:
        before = flat[i]
        flat[i] = before - h
        below = f(x)
        flat[i] = before + h
        above = f(x)
        flat[i] = before
        grad.ravel()[i] = (above - below) * 0.5 / h
        i = i + 1
"""),
    "ndenumerate": own("""
    for i, before in np.ndenumerate(x):
        x[i] = before + h
        above = f(x)
        x[i] = before - h
        below = f(x)
        x[i] = before
        grad[i] = (above - below) / (2 * h)
"""),
    "c_index": own("""
    it = np.nditer(x, flags=['c_index'], op_flags=['readwrite'])
    for element in it:
        before = float(element)
        element[...] = before + h
        above = f(x)
        element[...] = before - h
        below = f(x)
        element[...] = before
        grad.flat[it.index] = (above - below) / (2 * h)
"""),
    "with nditer": own("""
    with np.nditer(x, flags=['multi_index'], op_flags=[['readwrite']]) as it:
        for element in it:
            before = element.copy()
            element[...] = before + h
            above = f(x)
            element[...] = before - h
            below = f(x)
            element[...] = before
            grad[it.multi_index] = (above - below) / (2 * h)
"""),
    "divmod": own("""
    n, m = x.shape
    for k in range(n * m):
        i, j = divmod(k, m)
        before = x[i, j]
        x[i, j] = before + h
        above = f(x)
        x[k // m, k % m] = before - h
        below = f(x)
        x[i, j] = before
        grad[i, j] = (above - below) / (2 * h)
""").replace(CALLS, TWO),
    "unravel_index": own("""
    for k in range(x.size):
        i = np.unravel_index(k, x.shape)
        before = x[i]
        x[i] = before + h
        above = f(x)
        x[i] = before - h
        below = f(x)
        x[i] = before
        grad[i] = (above - below) / (2 * h)
"""),
    "by one or two axes": own("""
    if x.ndim == 1:
        for i in range(x.size):
            before = x[i]
            x[i] = before + h
            above = f(x)
            x[i] = before - h
            below = f(x)
            x[i] = before
            grad[i] = (above - below) / (2 * h)
    elif x.ndim == 2:
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                before = x[i, j]
                x[i, j] = before + h
                above = f(x)
                x[i, j] = before - h
                below = f(x)
                x[i, j] = before
                grad[i, j] = (above - below) / (2 * h)
    else:
        raise ValueError('too many axes')
"""),
    "plus, minus, plus": own("""
    for i in np.ndindex(x.shape):
        x[i] += h
        above = f(x)
        x[i] -= 2 * h
        below = f(x)
        x[i] += h
        grad[i] = (above - below) / (2 * h)
"""),
    "h of 1e-3": own(CENTRAL).replace("h=1e-4", "h=1e-3"),
    "h of 10**-5": own(CENTRAL).replace("h=1e-4", "h=10**-5"),
    "a global h": "eps = 1e-4\n"
    + own(CENTRAL, "def own(f, x):").replace("* h", "* eps").replace("+ h", "+ eps").replace("- h", "- eps"),
    "an h in a closure": """
def make(h):
    def own(f, x):
        grad = np.zeros(x.shape)
        for i in np.ndindex(*x.shape):
            before = x[i]
            x[i] = before + h
            above = f(x)
            x[i] = before - h
            below = f(x)
            x[i] = before
            grad[i] = (above - below) / (2 * h)
        return grad
    return own
own = make(1e-4)
"""
    + CALLS,
    "forward": own("""
    fx = f(x)
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before + h
        grad[i] = (f(x) - fx) / h
        x[i] = before
"""),
    "backward": own("""
    for i in np.ndindex(x.shape):
        before = x[i]
        fx = f(x)
        x[i] = before - h
        grad[i] = (fx - f(x)) / h
        x[i] = before
"""),
    "try and finally": own("""
    for i in np.ndindex(x.shape):
        before = x[i]
        try:
            x[i] = before + h
            above = f(x)
            x[i] = before - h
            below = f(x)
        finally:
            x[i] = before
        grad[i] = (above - below) / (2 * h)
"""),
    "a list": own(
        CENTRAL.replace("grad[i] = ", "grad.append(").replace("(2 * h)", "(2 * h))"),
        made="[]",
        end="return np.array(grad).reshape(x.shape)",
    ),
    "a comprehension": """
def quotient(f, x, i, h):
    before = x[i]
    x[i] = before + h
    above = f(x)
    x[i] = before - h
    below = f(x)
    x[i] = before
    return (above - below) / (2 * h)

def own(f, x, h=1e-4):
    return np.array([quotient(f, x, i, h) for i in np.ndindex(x.shape)]).reshape(x.shape)
"""
    + CALLS,
    "filled": """
def own(f, x, grad, h=1e-4):
"""
    + CENTRAL
    + """
def run(net, x, t):
    grads = {key: np.ones_like(value) for key, value in net.params.items()}
    said = [own(lambda W: net.loss(x, t), net.params[key], grads[key]) for key in grads]
    return grads, said
""",
    "filled and returned": """
def own(f, x, grad, h=1e-4):
"""
    + CENTRAL
    + """
    return grad
def run(net, x, t):
    grad = np.ones_like(net.params['W1'])
    return own(lambda W: net.loss(x, t), net.params['W1'], grad) is grad, grad
""",
    "copies": own("""
    for i in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[i] += h
        below[i] -= h
        grad[i] = (f(above) - f(below)) / (2 * h)
""").replace(CALLS, BY_ARGUMENT),
    "unit vectors": """
def own(f, x, h=1e-4):
    units = [e.reshape(x.shape) for e in np.eye(x.size)]
    return np.array([(f(x + h * e) - f(x - h * e)) / (2 * h) for e in units]).reshape(x.shape)
"""
    + BY_ARGUMENT,
    "a zeros_like and 1": own("""
    e = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        e[i] = 1
        grad[i] = (f(x + h * e) - f(x - h * e)) / (2 * h)
        e[i] = 0
""").replace(CALLS, BY_ARGUMENT),
    "one copy": own("x = x.copy()" + CENTRAL, made="np.zeros(x.shape)")
    .replace("    grad = np.zeros(x.shape)\nx =", "    grad = np.zeros(x.shape)\n    x =")
    .replace(CALLS, BY_ARGUMENT),
    "an argument that is used": own(CENTRAL).replace(CALLS, BY_ARGUMENT),
    "all of a network": """
def own(net, x, t, h=1e-4):
    grads = {}
    for key in net.params:
        param = net.params[key]
        grad = np.zeros_like(param)
        it = np.nditer(param, flags=['multi_index'], op_flags=['readwrite'])
        while not it.finished:
            i = it.multi_index
            before = param[i]
            param[i] = before + h
            above = net.loss(x, t)
            param[i] = before - h
            below = net.loss(x, t)
            grad[i] = (above - below) / (2 * h)
            param[i] = before
            it.iternext()
        grads[key] = grad
    return grads
"""
    + METHOD,
    "all of it by items, forward": """
def own(net, x, t, h=1e-5):
    grads, base = {}, net.loss(x, t)
    for key, param in net.params.items():
        grads[key] = np.zeros_like(param)
        for i in np.ndindex(param.shape):
            before = param[i]
            param[i] += h
            grads[key][i] = (net.loss(x, t) - base) / h
            param[i] = before
    return grads
"""
    + METHOD,
    "a method": """
class Mine(Net):
    h = 1e-4
    def own(self, x, t):
        grads = {}
        for key in ('W1', 'b1', 'W2', 'b2'):
            grads[key] = np.zeros_like(self.params[key])
            for i in np.ndindex(self.params[key].shape):
                before = self.params[key][i]
                self.params[key][i] = before + self.h
                above = self.loss(x, t)
                self.params[key][i] = before - self.h
                below = self.loss(x, t)
                self.params[key][i] = before
                grads[key][i] = (above - below) / (2 * self.h)
        return grads

def run(net, x, t):
    mine = Mine(np.random.default_rng(0))
    mine.params = net.params
    return mine.own(x, t)
""",
    "a method with a lambda of its own": """
class Mine(Net):
    def slope(self, f, x):
        h = 1e-4
        grad = np.zeros_like(x)
"""
    + CENTRAL.replace("\n    ", "\n        ")
    + """
        return grad

    def own(self, x, t):
        loss_W = lambda W: self.loss(x, t)
        return {key: self.slope(loss_W, self.params[key]) for key in self.params}

def run(net, x, t):
    mine = Mine(np.random.default_rng(0))
    mine.params = net.params
    return mine.own(x, t)
""",
    "attributes and getattr": """
class Mine:
    def __init__(self, params):
        self.W1, self.b1, self.W2, self.b2 = params.values()
    def loss(self, x, t):
        return cross_entropy_error(softmax(np.dot(sigmoid(np.dot(x, self.W1) + self.b1), self.W2) + self.b2), t)

def own(net, x, t, names=('W1', 'b1', 'W2', 'b2'), eps=1e-4):
    found = []
    for name in names:
        p = getattr(net, name)
        g = np.empty_like(p)
        for i in np.ndindex(p.shape):
            old = p[i]
            p[i] = old + eps
            up = net.loss(x, t)
            p[i] = old - eps
            down = net.loss(x, t)
            p[i] = old
            g[i] = (up - down) / (2 * eps)
        found.append(g)
    return tuple(found)

def run(net, x, t):
    return own(Mine(net.params), x, t)
""",
    "a list of parameters": """
def loss(params, x, t):
    W1, b1, W2, b2 = params
    return cross_entropy_error(softmax(np.dot(sigmoid(np.dot(x, W1) + b1), W2) + b2), t)

def own(params, x, t, h=1e-4):
    grads = []
    for k in range(len(params)):
        x_ = params[k]
        grad = np.zeros_like(x_)
        for i in np.ndindex(x_.shape):
            before = x_[i]
            x_[i] = before + h
            above = loss(params, x, t)
            x_[i] = before - h
            below = loss(params, x, t)
            x_[i] = before
            grad[i] = (above - below) / (2 * h)
        grads.append(grad)
    return grads

def run(net, x, t):
    return own(list(net.params.values()), x, t)
""",
    "f called with more": """
def own(f, x, *args, h=1e-4):
    grad = np.zeros_like(x)
"""
    + CENTRAL.replace("f(x)", "f(x, *args)")
    + """
    return grad

def loss(W1, net, x, t):
    z = sigmoid(np.dot(x, W1) + net.params['b1'])
    return cross_entropy_error(softmax(np.dot(z, net.params['W2']) + net.params['b2']), t)

def run(net, x, t):
    return own(loss, net.params['W1'], net, x, t)
""",
    "f called without": """
def own(f, x, h=1e-4):
    grad = np.zeros_like(x)
"""
    + CENTRAL.replace("f(x)", "f()")
    + """
    return grad

def run(net, x, t):
    return own(lambda: net.loss(x, t), net.params['W1'])
""",
    "a lambda within": """
def own(net, x_, t, h=1e-4):
    f = lambda: net.loss(x_, t)
    grads = {}
    for key, x in net.params.items():
        grad = np.zeros_like(x)
"""
    + CENTRAL.replace("f(x)", "f()").replace("\n    ", "\n        ")
    + """
        grads[key] = grad
    return grads
"""
    + METHOD,
    "rows": """
def _one(f, x):
    h = 1e-4
    grad = np.zeros_like(x)
    for idx in range(x.size):
        tmp_val = x[idx]
        x[idx] = float(tmp_val) + h
        fxh1 = f(x)
        x[idx] = tmp_val - h
        fxh2 = f(x)
        grad[idx] = (fxh1 - fxh2) / (2*h)
        x[idx] = tmp_val
    return grad

def own(f, X):
    if X.ndim == 1:
        return _one(f, X)
    else:
        grad = np.zeros_like(X)
        for idx, x in enumerate(X):
            grad[idx] = _one(f, x)
        return grad
"""
    + CALLS,
    "a helper that moves": """
def moved(f, x, i, d):
    before = x[i]
    x[i] = before + d
    value = f(x)
    x[i] = before
    return value

def own(f, x, h=1e-4):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        grad[i] = (moved(f, x, i, h) - moved(f, x, i, -h)) / (2 * h)
    return grad
"""
    + CALLS,
    "signs": """
def own(f, x, h=1e-4):
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        before, values = x[i], []
        for sign in (1, -1):
            x[i] = before + sign * h
            values.append(f(x))
        x[i] = before
        grad[i] = (values[0] - values[1]) / (2 * h)
    return grad
"""
    + CALLS,
    "divided at the end": own(CENTRAL.replace(" / (2 * h)", ""), end="return grad / (2 * h)"),
    "divided in place at the end": own(CENTRAL.replace(" / (2 * h)", ""), end="grad /= 2 * h\n    return grad"),
    "half a step": own(CENTRAL.replace("+ h", "+ h / 2").replace("- h", "- h / 2").replace("(2 * h)", "h")),
    "recursive over a dict": """
def own(f, x, h=1e-4):
    if isinstance(x, dict):
        return {key: own(f, value, h) for key, value in x.items()}
    grad = np.zeros_like(x)
"""
    + CENTRAL
    + """
    return grad

def run(net, x, t):
    return own(lambda _: net.loss(x, t), net.params)
""",
    "itertools": "import itertools\n"
    + own(CENTRAL.replace("np.ndindex(x.shape)", "itertools.product(*[range(n) for n in x.shape])")),
    "zeros from NumPy by name": "from numpy import zeros_like, ndindex\n"
    + own(CENTRAL.replace("np.", ""), made="zeros_like(x)"),
    "functions of NumPy": own(
        CENTRAL.replace("(above - below) / (2 * h)", "np.divide(np.subtract(above, below), 2 * h)")
    ),
    "verbose, but silent": own(
        CENTRAL + "\n        if verbose:\n            print(i)", "def own(f, x, h=1e-4, verbose=False):"
    ),
    "one way, then the other": own("""
    up, down = np.zeros_like(x), np.zeros_like(x)
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before + h
        up[i] = f(x)
        x[i] = before
    for i in np.ndindex(x.shape):
        before = x[i]
        x[i] = before - h
        down[i] = f(x)
        x[i] = before
    grad = (up - down) / (2 * h)
"""),
    "the loss, too": """
def own(net, x_, t, h=1e-4):
    loss = net.loss(x_, t)
    grads = {}
    for key in net.params:
        x = net.params[key]
        grad = np.zeros_like(x)
"""
    + CENTRAL.replace("f(x)", "net.loss(x_, t)").replace("\n    ", "\n        ")
    + """
        grads[key] = grad
    return loss, grads
"""
    + METHOD,
    "it[0]": own("""
    it = np.nditer(x, flags=['multi_index'], op_flags=['readwrite'])
    while not it.finished:
        before = it[0].copy()
        it[0] = before + h
        above = f(x)
        it[0] = before - h
        below = f(x)
        it[0] = before
        grad[it.multi_index] = (above - below) / (2 * h)
        it.iternext()
"""),
    "sizes that are given": """
class Mine(Net):
    def __init__(self, net):
        self.params, self.n, self.m = net.params, 20, 7
    def own(self, x, t, h=1e-4):
        grad = np.zeros((self.n, self.m))
        W = self.params['W1']
        for i in range(self.n):
            for j in range(self.m):
                before = W[i, j]
                W[i, j] = before + h
                above = self.loss(x, t)
                W[i, j] = before - h
                below = self.loss(x, t)
                W[i, j] = before
                grad[i, j] = (above - below) / (2 * h)
        return grad

def run(net, x, t):
    return Mine(net).own(x, t)
""",
    "a list that is made": """
def loss(params, x, t):
    W1, b1, W2, b2 = params
    return cross_entropy_error(softmax(np.dot(sigmoid(np.dot(x, W1) + b1), W2) + b2), t)

def own(W1, b1, W2, b2, x_, t, h=1e-4):
    params, grads = [W1, b1, W2, b2], []
    for x in params:
        grad = np.zeros_like(x)
"""
    + CENTRAL.replace("f(x)", "loss(params, x_, t)").replace("\n    ", "\n        ")
    + """
        grads.append(grad)
    return grads

def run(net, x, t):
    return own(*net.params.values(), x, t)
""",
    "all put back at once": own("""
    original = x.copy()
    for i in np.ndindex(x.shape):
        x[i] += h
        above = f(x)
        x[...] = original
        x[i] -= h
        below = f(x)
        x[...] = original
        grad[i] = (above - below) / (2 * h)
"""),
    "elements by name": own("""
    for i, row in enumerate(x):
        for j, before in enumerate(row):
            x[i, j] = before + h
            above = f(x)
            x[i, j] = before - h
            below = f(x)
            x[i, j] = before
            grad[i, j] = (above - below) / (2 * h)
""").replace(CALLS, TWO),
    "a loss in another order": own(CENTRAL.replace("above = f(x)", "above = float(f(x))")),
}

C = CENTRAL
QUOTIENT = "(above - below) / (2 * h)"
LAST = "grad[i] = (above - below) / (2 * h)\n"

WRONG = {
    "skips the last": own(C.replace("np.ndindex(x.shape)", "list(np.ndindex(x.shape))[:-1]")),
    "skips the last of a range": own("""
    flat = x.reshape(-1)
    for k in range(x.size - 1):
        before = flat[k]
        flat[k] = before + h
        above = f(x)
        flat[k] = before - h
        grad.reshape(-1)[k] = (above - f(x)) / (2 * h)
        flat[k] = before
"""),
    "another h for the first": own(
        C.replace("before + h", "before + (h if k else 2 * h)")
        .replace("        before", "        before", 1)
        .replace("    for i in", "    k = 0\n    for i in")
        .replace(LAST, LAST + "        k += 1\n")
    ),
    "h by the size of x": own(
        C.replace("+ h", "+ h * max(1, abs(before))").replace("- h", "- h * max(1, abs(before))")
    ),
    "h by the size of x, without max": own(
        C.replace("+ h", "+ h * (1 + before * before)").replace("- h", "- h * (1 + before * before)")
    ),
    "zeros otherwise": own(
        C.replace("        before = x[i]\n", "        before = x[i]\n        if before == 0:\n            continue\n")
    ),
    "rounds": own(C.replace(QUOTIENT, "round(" + QUOTIENT + ", 6)")),
    "abs": own(C.replace(QUOTIENT, "abs(" + QUOTIENT + ")")),
    "clips": own(C.replace(QUOTIENT, "np.clip(" + QUOTIENT + ", -5, 5)")),
    "clips at the end": own(C, end="return np.clip(grad, -5, 5)"),
    "min": own(C.replace(QUOTIENT, "min(" + QUOTIENT + ", 5.0)")),
    "float32": own(C.replace("before + h", "np.float32(before + h)")),
    "a float32 result": own(C, made="np.zeros(x.shape, dtype=np.float32)"),
    "float32 by name": own(C, made="np.zeros_like(x, dtype='float32')"),
    "a view of x": own(C, end="return x[:]"),
    "x": own(C, end="return x"),
    "state in a default": own(
        C.replace(LAST, LAST + "        seen.append(above)\n"), "def own(f, x, h=1e-4, seen=[]):"
    ),
    "a count in a default": own(
        C.replace(QUOTIENT, QUOTIENT + " * seen[0]"), "def own(f, x, h=1e-4, seen=[1]):"
    ).replace("    grad = ", "    seen[0] += 1\n    grad = "),
    "a global count": "count = [0]\n" + own(C.replace(LAST, LAST + "        count[0] += 1\n")) + "\n    # the end\n",
    "a global number": "calls = 0\ndef own(f, x, h=1e-4):\n    global calls\n    calls += 1\n"
    "    grad = np.zeros_like(x)" + C + "    return grad\n" + CALLS,
    "an attribute of its own": own(C.replace(LAST, LAST + "        own.count = 1\n")),
    "an attribute of f": own(C.replace(LAST, LAST + "        f.count = 1\n")),
    "breaks": own(
        C.replace("        before = x[i]\n", "        before = x[i]\n        if before > 0.9:\n            break\n")
    ),
    "breaks after a hundred": own(
        C.replace(
            "        before = x[i]\n",
            "        before = x[i]\n        if k == 100:\n            break\n        k += 1\n",
        ).replace("    for", "    k = 0\n    for")
    ),
    "breaks after a hundred, in two steps": own(
        C.replace(
            "        before = x[i]\n",
            "        before = x[i]\n        last = k\n        k = last + 1\n        if last > 99:\n            break\n",
        ).replace("    for", "    k = 0\n    for")
    ),
    "large ones otherwise": own(C, end="return grad if x.size < 100 else 2 * grad"),
    "large ones otherwise, by a name": own(C, end="small = 100 > x.size\n    return grad if small else 2 * grad"),
    "wide ones otherwise": own(C, end="return grad * 2 if len(x) > 15 else grad"),
    "the size in the quotient": own(C.replace(QUOTIENT, QUOTIENT + " / x.size")),
    "the position in the quotient": own("""
    flat = x.reshape(-1)
    for k in range(x.size):
        before = flat[k]
        flat[k] = before + h
        above = f(x)
        flat[k] = before - h
        grad.reshape(-1)[k] = (above - f(x)) / (2 * h) * (1 + k * 1e-9)
        flat[k] = before
"""),
    "h shrinks": own(C.replace(LAST, LAST + "        h = h * 0.999999\n")),
    "transposed": own(C.replace("grad[i]", "grad.T[i]"), made="np.zeros(x.shape)").replace(CALLS, ONE),
    "transposed traversal": own(C.replace("np.ndindex(x.shape)", "np.ndindex(x.T.shape)").replace("x[i]", "x.T[i]")),
    "sums": own(C.replace("grad[i] = ", "grad += "), made="np.zeros(())", end="return grad"),
    "adds up": own(C.replace("grad[i] = ", "grad[i] += "), made="np.ones_like(x)"),
    "a wrong divisor": own(C.replace("(2 * h)", "h")),
    "integer division": own(C.replace(") / (", ") // (")),
    "a power": own(C.replace(QUOTIENT, "((above - below) / (2 * h)) ** 3")),
    "writes into x": own(C.replace("grad[i] = " + QUOTIENT, "x[i] = before - 0.001 * " + QUOTIENT)),
    "updates as it goes": own(C.replace(LAST, LAST + "        x[i] -= 0.1 * grad[i]\n")),
    "changes another array": own(C.replace(LAST, LAST + "        other[0] = above\n")).replace(
        "def own", "other = np.zeros(3)\ndef own"
    ),
    "a third call": own(C.replace(LAST, LAST + "        f(x)\n")),
    "a third call at the end": own(C, end="f(x)\n    return grad"),
    "four points": own("""
    for i in np.ndindex(x.shape):
        b = x[i]
        values = []
        for d in (2 * h, h, -h, -2 * h):
            x[i] = b + d
            values.append(f(x))
        x[i] = b
        grad[i] = (-values[0] + 8 * values[1] - 8 * values[2] + values[3]) / (12 * h)
"""),
    "the value of before": own(
        C.replace("grad[i] = (above - below)", "grad[i] = (above - last)")
        .replace(LAST, "")
        .replace("        below = f(x)\n", "        below = f(x)\n        last = above\n")
    ),
    "random": own(C.replace("before + h", "before + h * np.random.rand()")),
    "some at random": own(
        C.replace(
            "        before = x[i]\n",
            "        before = x[i]\n        if np.random.rand() < 0.5:\n            continue\n",
        )
    ),
    "prints": own(C.replace(LAST, LAST + "        print(grad[i])\n")),
    "prints at the end": own(C, end="print('done')\n    return grad"),
    "looks at the clock": "import time\n" + own(C, end="grad.fill(0) if time.time() < 0 else None\n    return grad"),
    "leaves x moved": own(C.replace("        x[i] = before\n", "")),
    "puts back something else": own(C.replace("x[i] = before\n", "x[i] = round(before, 5)\n")),
    "forward over 2h": own(C.replace("before - h", "before")),
    "an h that is lost": own(C).replace("1e-4", "1e-50"),
    "an h that is lost beside some": own(C).replace("1e-4", "1e-17"),
    "a complex step": own(C.replace("above - below", "above.imag - below.imag")),
    "by where": own(C.replace(QUOTIENT, "np.where(above > below, above - below, 0) / (2 * h)")),
    "a sign": own(C.replace(QUOTIENT, "np.sign(above - below)")),
    "catches": own(
        C.replace(
            "        above = f(x)\n",
            "        try:\n            above = f(x)\n        except ValueError:\n            above = 0\n",
        )
    ),
    "normalised": own(C, end="return grad / np.linalg.norm(grad)"),
    "its largest taken off": own(C, end="return grad - grad.max()"),
    "keeps x in a list": own(C.replace("f(x)", "f(kept.append(x.copy()) or x)"), "def own(f, x, h=1e-4):").replace(
        "def own", "kept = []\ndef own"
    ),
    "by a set of numbers": own(C.replace(LAST, LAST + "        if above in {0.5, 1.0}:\n            grad[i] = 0\n")),
    "nan otherwise": own(C.replace(LAST, LAST + "        if above != above:\n            grad[i] = 0\n")),
    "the exception of a large index": own(
        C.replace(
            "        before = x[i]\n", "        before = x[i]\n        [0] * 300\n        table[k]\n        k += 1\n"
        ).replace("    for", "    k, table = 0, [0] * 100\n    for")
    ),
    "reads a table": own(
        C.replace(LAST, LAST + "        grad[i] *= table[k]\n        k += 1\n").replace(
            "    for", "    k, table = 0, [1.0] * 50 + [2.0] * 100\n    for"
        )
    ),
    "all at once": own("    above, below = f(x + h), f(x - h)\n    grad += (above - below) / (2 * h)").replace(
        "    grad = np.zeros_like(x)\n", "    grad = np.zeros_like(x)\n"
    ),
}
WRONG["the exception of a large index"] = own(
    C.replace("        before = x[i]\n", "        before = x[i]\n        grad[i] = table[k]\n        k += 1\n").replace(
        "    for", "    k, table = 0, [0.0] * 200\n    for"
    )
)
