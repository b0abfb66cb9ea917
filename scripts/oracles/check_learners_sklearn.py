#!/usr/bin/env python3
"""Holds linear and logistic regression and support vector machines against scikit-learn (which has liblinear): weights
and objectives on its data sets and on random rows, and the time of both.

usage: check_learners_sklearn.py [LIBRARY] [--time]

LIBRARY is libedgel.so (default: the one in build/). Both sides see the same rows of float numbers and the same objective
(edgel/ml.h); scikit-learn's tolerances are set far below ours. --time: 10^6 rows of 50 features, seconds of both.
"""
import ctypes as c
import pathlib
import sys
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT, wanted

with wanted():
    import numpy as np
    from sklearn import datasets, linear_model, svm
    from sklearn.preprocessing import StandardScaler

LINEAR, LOGISTIC, SVM = range(3)
ENDS = ["closed form", "converged", "iterations used up", "precision reached"]


class Params(c.Structure):
    _fields_ = [("kind", c.c_int), ("classes", c.c_int), ("l2", c.c_double), ("l1", c.c_double),
                ("squared", c.c_bool), ("standardise", c.c_bool), ("probability", c.c_bool), ("folds", c.c_int),
                ("fourier", c.c_int), ("gamma", c.c_double), ("class_weights", c.POINTER(c.c_double)),
                ("balanced", c.c_bool), ("tolerance", c.c_double), ("iterations", c.c_int), ("seed", c.c_uint64)]


class Rows(c.Structure):
    _fields_ = [("x", c.c_void_p), ("n", c.c_size_t), ("features", c.c_int), ("stride", c.c_size_t)]


class Fit(c.Structure):
    _fields_ = [("end", c.c_int), ("iterations", c.c_int), ("objective", c.c_double), ("gap", c.c_double),
                ("orthogonal", c.c_bool)]


class Info(c.Structure):
    _fields_ = [("kind", c.c_int), ("features", c.c_int), ("classes", c.c_int), ("outputs", c.c_int),
                ("inputs", c.c_int), ("probability", c.c_bool), ("weights", c.POINTER(c.c_double)),
                ("bias", c.POINTER(c.c_double))]


class Error(c.Structure):
    _fields_ = [("code", c.c_int), ("msg", c.c_char * 512)]


arguments = [a for a in sys.argv[1:] if a != "--time"]
lib = c.CDLL(arguments[0] if arguments else str(ROOT / "build/libedgel.so"))
lib.edgel_learner_fit.argtypes = [c.c_void_p, Rows, c.c_void_p, c.c_void_p, c.c_void_p, c.c_void_p, c.c_void_p,
                                  c.c_void_p]


def rows_of(x):
    return Rows(x.ctypes.data, x.shape[0], x.shape[1], x.strides[0] // 4)


class Learner:
    """A fitted learner: its weights, biases and how the fit went."""

    def __init__(self, kind, x, y, weights=None, pool=None, **settings):
        p, self.fit, self.handle, err = Params(), Fit(), c.c_void_p(), Error()
        lib.edgel_learner_params_init(c.byref(p), kind)
        for k, v in settings.items():
            setattr(p, k, v)
        if kind != LINEAR:
            p.classes = int(y.max()) + 1
        y = np.ascontiguousarray(y, np.float64)
        self.classes = p.classes
        s = lib.edgel_learner_fit(c.byref(p), rows_of(x), y.ctypes.data, weights.ctypes.data if weights is not None else None,
                                  pool, c.byref(self.handle), c.byref(self.fit), c.byref(err))
        if s:
            raise RuntimeError(err.msg.decode())
        info = Info()
        lib.edgel_learner_describe(self.handle, c.byref(info))
        self.w = np.ctypeslib.as_array(info.weights, (info.outputs, info.inputs)).copy()
        self.b = np.ctypeslib.as_array(info.bias, (info.outputs,)).copy()

    def apply(self, x, probabilities=False):
        out, err = np.empty((len(x), self.classes if probabilities else len(self.b))), Error()
        s = lib.edgel_learner_apply(self.handle, rows_of(x), None, None if probabilities else c.c_void_p(out.ctypes.data),
                                    c.c_void_p(out.ctypes.data) if probabilities else None, c.byref(err))
        if s:
            raise RuntimeError(err.msg.decode())
        return out


def objective(kind, x, y, w, b, l2=0.0, l1=0.0, squared=False, s=None):
    """The sum that edgel/ml.h states, in NumPy."""
    f, s = x.astype(np.float64) @ w.T + b, np.ones(len(x)) if s is None else s
    value = l2 / 2 * (w ** 2).sum() + l1 * np.abs(w).sum()
    if kind == LINEAR:
        return value + (s * (f[:, 0] - y) ** 2).sum() / 2
    if kind == LOGISTIC and len(b) == 1:
        return value + (s * np.logaddexp(0, -np.where(y > 0, 1, -1) * f[:, 0])).sum()
    if kind == LOGISTIC:
        top = f.max(1)
        return value + (s * (np.log(np.exp(f - top[:, None]).sum(1)) + top - f[np.arange(len(f)), y])).sum()
    signs = [np.where(y == (k if len(b) > 1 else 1), 1, -1) for k in range(len(b))]
    miss = [np.maximum(0, 1 - sign * f[:, k]) for k, sign in enumerate(signs)]
    return value + l2 / 2 * (b ** 2).sum() + sum((s * (m ** 2 if squared else m)).sum() for m in miss)


failures = 0


def report(name, kind, x, y, ours, w, b, limit_w, limit_o, **settings):
    """One line: how far weights and objective are from scikit-learn's."""
    global failures
    w, b = np.atleast_2d(w), np.atleast_1d(b)
    away = max(np.abs(ours.w - w).max() / np.abs(w).max(), 0)
    mine, theirs = (objective(kind, x, y, *wb, **settings) for wb in ((ours.w, ours.b), (w, b)))
    more, said = (mine - theirs) / theirs, abs(ours.fit.objective - mine) / mine
    # a weight may differ where ours is the better minimum
    bad = more > limit_o or said > 1e-9 or (away > limit_w and more > 0)
    failures += int(bad)
    gap = "" if np.isnan(ours.fit.gap) else f", gap {ours.fit.gap / mine:.1e}"
    print(f"{name:44} weights {away:.1e}  objective {more:+.1e}{gap}  ({ENDS[ours.fit.end]}, "
          f"{ours.fit.iterations} iterations{', QR' if ours.fit.orthogonal else ''}){' BAD' if bad else ''}")


def standard(x):
    return np.ascontiguousarray(StandardScaler().fit_transform(x), np.float32)


def compare():
    iris, cancer, digits, diabetes = (f(return_X_y=True) for f in (
        datasets.load_iris, datasets.load_breast_cancer, datasets.load_digits, datasets.load_diabetes))
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(3000, 40)).astype(np.float32)
    made = (noise @ rng.normal(size=40) + rng.normal(size=3000) * 3)
    for name, x, y in [("diabetes", *diabetes), ("random 3000x40", noise, made)]:
        x = standard(x)
        xd = x.astype(np.float64)
        ours = Learner(LINEAR, x, y, standardise=False)
        ref = linear_model.LinearRegression().fit(xd, y)
        report(f"least squares, {name}", LINEAR, x, y, ours, ref.coef_, ref.intercept_, 1e-4, 1e-9)
        for l2 in (0.1, 10, 1000):
            ours = Learner(LINEAR, x, y, l2=l2, standardise=False)
            ref = linear_model.Ridge(alpha=l2, solver="cholesky").fit(xd, y)
            report(f"ridge {l2:g}, {name}", LINEAR, x, y, ours, ref.coef_, ref.intercept_, 1e-4, 1e-9, l2=l2)
        for l1 in (0.05, 0.5):
            ours = Learner(LINEAR, x, y, l1=l1 * len(x), standardise=False, tolerance=1e-12)
            ref = linear_model.Lasso(alpha=l1, tol=1e-14, max_iter=100000).fit(xd, y)
            report(f"lasso {l1:g}, {name}", LINEAR, x, y, ours, ref.coef_, ref.intercept_, 1e-4, 1e-9, l1=l1 * len(x))
    # nearly the same columns: the normal equations have a condition of 10^12
    x = np.repeat(noise[:, :5], 2, 1)
    x[:, 1::2] += rng.normal(size=(3000, 5)).astype(np.float32) * 1e-6
    ours = Learner(LINEAR, x, made, standardise=False)
    ref = linear_model.LinearRegression().fit(x.astype(np.float64), made)
    report("least squares, ill-conditioned", LINEAR, x, made, ours, ref.coef_, ref.intercept_, 1e-3, 1e-9)
    for name, x, y in [("iris", *iris), ("breast cancer", *cancer), ("digits", *digits)]:
        x, few = standard(x), len(np.unique(y)) == 2
        xd = x.astype(np.float64)
        for l2 in (0.1, 1, 10):
            ours = Learner(LOGISTIC, x, y, l2=l2, tolerance=1e-11, standardise=False)
            ref = linear_model.LogisticRegression(C=1 / l2, tol=1e-12, max_iter=20000).fit(xd, y)
            report(f"logistic l2 {l2:g}, {name}", LOGISTIC, x, y, ours, ref.coef_, ref.intercept_, 1e-4, 1e-6, l2=l2)
        if few:
            for l1 in (1, 10):
                ours = Learner(LOGISTIC, x, y, l2=0, l1=l1, tolerance=1e-9, standardise=False, iterations=20000)
                ref = linear_model.LogisticRegression(penalty="l1", C=1 / l1, solver="saga", tol=1e-10, max_iter=100000).fit(xd, y)
                report(f"logistic l1 {l1:g}, {name}", LOGISTIC, x, y, ours, ref.coef_, ref.intercept_, 1e-4, 1e-6, l1=l1)
        for squared in (False, True):
            for l2 in (1, 10):
                ours = Learner(SVM, x, y, l2=l2, squared=squared, standardise=False, tolerance=1e-6, iterations=100000)
                ref = svm.LinearSVC(C=1 / l2, loss="squared_hinge" if squared else "hinge", tol=1e-8, max_iter=10**6).fit(xd, y)
                report(f"SVM {'squared ' if squared else ''}hinge l2 {l2:g}, {name}", SVM, x, y, ours, ref.coef_,
                       ref.intercept_, 1e-3, 1e-3, l2=l2, squared=squared)
    x, y = standard(cancer[0]), cancer[1]
    p = Learner(SVM, x, y, probability=True).apply(x, True)
    fourier = Learner(SVM, x, y, fourier=2000, gamma=1 / 30, standardise=False, l2=0.1)
    ref = svm.SVC(C=10, gamma=1 / 30).fit(x, y)
    print(f"SVM probabilities, breast cancer: log loss {-np.log(p[np.arange(len(y)), y]).mean():.4f}, "
          f"accuracy {(p.argmax(1) == y).mean():.4f}")
    print(f"SVM on 2000 Fourier features: accuracy {((fourier.apply(x)[:, 0] > 0) == y).mean():.4f}, "
          f"the kernel itself {ref.score(x, y):.4f}")


def race():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(10**6, 50)).astype(np.float32)
    f = x @ rng.normal(size=50).astype(np.float32) + rng.normal(size=10**6) * 4
    y = (f > 0).astype(np.int64)
    xd, pool = x.astype(np.float64), c.c_void_p()
    lib.edgel_pool_create(2, c.byref(pool), None)
    print("10^6 rows of 50 features: seconds of edgel on 1 and 2 threads and of scikit-learn (medians of 3), their ratios, "
          "objective beside scikit-learn's")
    for name, kind, target, settings, theirs, sums in [
        ("ridge", LINEAR, f, dict(l2=1.0), linear_model.Ridge(alpha=1.0), dict(l2=1.0)),
        ("least squares", LINEAR, f, {}, linear_model.LinearRegression(), {}),
        ("logistic", LOGISTIC, y, {}, linear_model.LogisticRegression(), dict(l2=1.0)),
        ("SVM hinge, 10 passes", SVM, y, dict(tolerance=1e-3, iterations=10),
         svm.LinearSVC(loss="hinge", tol=1e-3, max_iter=10), dict(l2=1.0)),
        ("SVM squared, 10 passes", SVM, y, dict(tolerance=1e-3, squared=True, iterations=10),
         svm.LinearSVC(tol=1e-3, dual=True, max_iter=10), dict(l2=1.0, squared=True)),
    ]:
        seconds, ours = [[], [], []], None
        for _ in range(3):
            for k, run in enumerate([lambda: Learner(kind, x, target, standardise=False, **settings),
                                     lambda: Learner(kind, x, target, pool=pool, standardise=False, **settings),
                                     lambda: theirs.fit(xd, target)]):
                begin = time.perf_counter()
                ours = run() if k < 2 else run() and ours
                seconds[k].append(time.perf_counter() - begin)
        one, two, ref = (sorted(s)[1] for s in seconds)
        mine, other = (objective(kind, x, target, *wb, **sums) for wb in (
            (ours.w, ours.b), (np.atleast_2d(theirs.coef_), np.atleast_1d(theirs.intercept_))))
        print(f"{name:24} {one:6.2f} {two:6.2f} {ref:6.2f}   {ref / one:5.2f} {ref / two:5.2f}   {mine / other - 1:+.1e}")


race() if "--time" in sys.argv else compare()
if "--time" not in sys.argv:
    print(f"{failures} failures")
sys.exit(failures > 0)
