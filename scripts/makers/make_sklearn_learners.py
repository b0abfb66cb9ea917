#!/usr/bin/env python3
"""Writes tests/golden/sklearn_learners.txt: weights of linear models from scikit-learn, which tests/ml/test_learners.c
holds edgel to.

    scripts/makers/make_sklearn_learners.py [FILE]

Only needed to make the file anew (its first line names the version). Rows are floats, scikit-learn works in double with
tolerances near its limits. The file is text; `#` starts a comment.

    rows N FEATURES                    then N lines: the features
    fit KIND CLASSES L2 L1 SQUARED     then one line each: targets; weights of rows or "-"; coefficients, output by
                                       output; intercepts. They are for the rows before.
"""
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "shared"))
from house import ROOT

import numpy as np
import sklearn
from sklearn import linear_model, svm

SEED = 17
out = open(sys.argv[1] if len(sys.argv) > 1 else ROOT / "tests/golden/sklearn_learners.txt", "w")
rng = np.random.default_rng(SEED)


def line(values):
    print(" ".join(f"{v:.17g}" for v in np.ravel(values)), file=out)


def fit(kind, model, x, y, weights=None, classes=0, l2=0.0, l1=0.0, squared=0):
    model.fit(x.astype(np.float64), y, sample_weight=weights)
    print(f"fit {kind} {classes} {l2:.17g} {l1:.17g} {squared}", file=out)
    line(y)
    print("-", file=out) if weights is None else line(weights)
    line(model.coef_)
    line(model.intercept_)


print(f"# made by scripts/makers/make_sklearn_learners.py, scikit-learn {sklearn.__version__}, seed {SEED}", file=out)
for n, d in [(40, 3), (60, 11)]:
    x = (rng.normal(size=(n, d)) * rng.uniform(0.5, 2, d) + rng.normal(size=d)).round(4).astype(np.float32)
    print(f"rows {n} {d}", file=out)
    for row in x:
        print(" ".join(f"{v:.9g}" for v in row), file=out)
    f = x @ rng.normal(size=d) + rng.normal(size=n)
    two, three = (f > np.median(f)).astype(int), np.digitize(f, np.quantile(f, [1 / 3, 2 / 3]))
    w = rng.integers(0, 4, n).astype(np.float64)
    fit("linear", linear_model.LinearRegression(), x, f)
    fit("linear", linear_model.LinearRegression(), x, f, w)
    fit("linear", linear_model.Ridge(alpha=3, solver="cholesky"), x, f, w, l2=3)
    fit("linear", linear_model.Lasso(alpha=0.1, tol=1e-15, max_iter=10**6), x, f, l1=0.1 * n)
    tight = dict(tol=1e-12, max_iter=10**6)
    fit("logistic", linear_model.LogisticRegression(C=1, **tight), x, two, classes=2, l2=1)
    fit("logistic", linear_model.LogisticRegression(C=0.1, **tight), x, two, w, classes=2, l2=10)
    fit("logistic", linear_model.LogisticRegression(C=1, **tight), x, three, classes=3, l2=1)
    fit("logistic", linear_model.LogisticRegression(penalty="l1", C=0.5, solver="saga", **tight), x, two, classes=2, l1=2)
    for k, y in [(2, two), (3, three)]:
        fit("svm", svm.LinearSVC(C=1, loss="hinge", tol=1e-10, max_iter=10**7), x, y, classes=k, l2=1)
        fit("svm", svm.LinearSVC(C=0.5, tol=1e-10, max_iter=10**7), x, y, w + 1, classes=k, l2=2, squared=1)
