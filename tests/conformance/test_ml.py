#!/usr/bin/env python3
"""Operators of ai.onnx.ml: onnx's node tests, and seeded random models against ONNX Runtime and onnx's reference.

ONNX Runtime is what counts where the two differ: the specification leaves much open, and models are made to run there.
"""
import sys
import warnings

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.backend.test.case.node import collect_testcases
from onnx.reference import ReferenceEvaluator

from evaluated import difference, evaluate, with_inputs
from suite import Tally, options

ML = "ai.onnx.ml"
POSTS = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"]
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]
ELEMENT = {np.dtype(np.float32): TensorProto.FLOAT, np.dtype(np.float64): TensorProto.DOUBLE,
           np.dtype(np.int64): TensorProto.INT64, np.dtype(np.int32): TensorProto.INT32,
           np.dtype(np.int16): TensorProto.INT16, np.dtype(object): TensorProto.STRING}


def map_type(value):
    k, v = next(iter(value.items()))
    element = TensorProto.STRING if isinstance(v, str) else TensorProto.INT64 if isinstance(v, int) else TensorProto.FLOAT
    t = helper.make_tensor_type_proto(element, [])
    t.tensor_type.ClearField("shape")
    return helper.make_map_type_proto(TensorProto.STRING if isinstance(k, str) else TensorProto.INT64, t)


def node_model(op, feeds, n_out, opset, **attrs):
    """One node; the types of its outputs are left to inference."""
    inputs = [helper.make_value_info(n, map_type(v) if isinstance(v, dict) else
                                     helper.make_tensor_type_proto(ELEMENT[v.dtype], v.shape)) for n, v in feeds.items()]
    outputs = [f"y{i}" for i in range(n_out)]
    attrs = {k: v for k, v in attrs.items() if v is not None}
    graph = helper.make_graph([helper.make_node(op, list(feeds), outputs, domain=ML, **attrs)], op, inputs,
                              [onnx.ValueInfoProto(name=o) for o in outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21), helper.make_opsetid(ML, opset)],
                             ir_version=10)


class Maker:
    """Seeded random models."""

    def __init__(self, seed):
        self.r = np.random.default_rng(seed)

    def one(self, choices):
        return choices[self.r.integers(len(choices))]

    def floats(self, *shape):
        return (self.r.standard_normal(shape) * self.one([0.5, 1, 2])).astype(np.float32)

    def x(self, n, f, dtypes=(np.float32, np.float32, np.float64, np.int64, np.int32), missing=0.0):
        d = self.one(list(dtypes))
        if np.issubdtype(d, np.integer):
            return self.r.integers(-3, 4, (n, f)).astype(d)
        x = np.round(self.r.standard_normal((n, f)) * 2).astype(d) / 2
        x[self.r.random((n, f)) < missing] = np.nan
        return x

    def labels(self, n, ints, strings):
        if self.r.random() < 0.5:
            return {ints: [int(v) for v in self.r.permutation(20)[:n]]}
        return {strings: [f"c{v}" for v in self.r.permutation(20)[:n]]}

    # ---- trees ----
    def tree(self, depth, features, modes):
        """Nested (mode, feature, value, missing, yes, no), or a leaf: None."""
        if depth == 0 or self.r.random() < 0.15:
            return None
        return (self.one(modes), int(self.r.integers(features)), float(np.round(self.r.standard_normal() * 2) / 2),
                int(self.r.integers(2)), self.tree(depth - 1, features, modes), self.tree(depth - 1, features, modes))

    def forest(self, part, targets, positive, one_target=False, full=False):
        """Attributes of versions 1 and 3; full: every leaf has a weight for every target."""
        a = {k: [] for k in ("nodes_treeids", "nodes_nodeids", "nodes_modes", "nodes_featureids", "nodes_values",
                             "nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true",
                             f"{part}_treeids", f"{part}_nodeids", f"{part}_ids", f"{part}_weights")}
        features = int(self.r.integers(1, 6))
        modes = MODES if self.r.random() < 0.5 else [self.one(MODES)]
        only = int(self.r.integers(targets))
        for t in range(int(self.r.integers(1, 8))):
            queue, count = [self.tree(int(self.r.integers(1, 6)), features, modes)], 1
            for i, node in enumerate(queue):
                a["nodes_treeids"].append(t)
                a["nodes_nodeids"].append(i)
                mode, feature, value, missing, yes, no = node or ("LEAF", 0, 0.0, 0, None, None)
                children = (count, count + 1) if node else (0, 0)
                if node:
                    queue += [yes, no]
                    count += 2
                for k, v in zip(("modes", "featureids", "values", "missing_value_tracks_true", "truenodeids",
                                 "falsenodeids"), (mode, feature, value, missing, *children)):
                    a["nodes_" + k].append(v)
                if node:
                    continue
                ids = [only] if one_target else self.r.permutation(targets)[:int(self.r.integers(1, targets + 1))]
                ids = range(targets) if full else ids[:1] if targets == 1 or self.r.random() < 0.3 else ids
                for k in ids:
                    w = float(np.float32(self.r.standard_normal()))
                    for name, v in (("treeids", t), ("nodeids", i), ("ids", int(k)), ("weights", abs(w) if positive else w)):
                        a[f"{part}_{name}"].append(v)
        return features, a

    def tree_regressor(self):
        targets = int(self.r.integers(1, 4))
        base = [float(v) for v in self.floats(targets)] if self.r.random() < 0.4 else None
        features, a = self.forest("target", targets, False, full=base is not None)
        x = self.x(int(self.r.integers(1, 40)), features, missing=0.2)
        opset, weights = self.one([1, 3]), a
        if x.dtype == np.float64:
            opset = 3
            for k in ("nodes_values", "target_weights"):
                v = weights.pop(k)
                a[k + "_as_tensor"] = helper.make_tensor(k, TensorProto.DOUBLE, [len(v)], v)
            if base:
                a["base_values_as_tensor"] = helper.make_tensor("base", TensorProto.DOUBLE, [len(base)], base)
                base = None
        return node_model("TreeEnsembleRegressor", {"X": x}, 1, opset, n_targets=targets, base_values=base,
                          aggregate_function=self.one(["SUM", "AVERAGE", "MIN", "MAX"]), post_transform=self.one(POSTS),
                          **a), {"X": x}

    def tree_classifier(self):
        classes = int(self.r.integers(2, 5))
        one, base = classes == 2 and self.r.random() < 0.7, None
        if self.r.random() < 0.3 and (classes > 2 or one):
            base = [float(v) for v in self.floats(1 if one else classes)]
        features, a = self.forest("class", classes, self.r.random() < 0.5, one, classes == 2 and not one)
        x = self.x(int(self.r.integers(1, 40)), features, dtypes=(np.float32, np.float32, np.int64, np.int32), missing=0.2)
        return node_model("TreeEnsembleClassifier", {"X": x}, 2, self.one([1, 3]), base_values=base,
                          post_transform=self.one(POSTS), **a,
                          **self.labels(classes, "classlabels_int64s", "classlabels_strings")), {"X": x}

    def tree_ensemble(self):
        targets, features = int(self.r.integers(1, 4)), int(self.r.integers(1, 6))
        d = self.one([np.float32, np.float64])
        a = {k: [] for k in ("nodes_modes", "nodes_featureids", "nodes_splits", "nodes_missing_value_tracks_true",
                             "nodes_truenodeids", "nodes_falsenodeids", "nodes_trueleafs", "nodes_falseleafs", "tree_roots")}
        weights, ids, members = [], [], []
        modes = list(range(7)) if self.r.random() < 0.6 else [int(self.r.integers(6))]
        for _ in range(int(self.r.integers(1, 8))):
            root = self.tree(int(self.r.integers(1, 6)), features, modes)
            a["tree_roots"].append(len(a["nodes_modes"]))
            queue, at = [root or (0, 0, 0.0, 0, None, None)], len(a["nodes_modes"])
            alone = root is None
            for mode, feature, value, missing, yes, no in queue:
                a["nodes_modes"].append(mode)
                a["nodes_featureids"].append(feature)
                a["nodes_splits"].append(value)
                a["nodes_missing_value_tracks_true"].append(missing)
                if mode == 6:
                    members += [float(v) for v in self.r.permutation(5)[:int(self.r.integers(1, 4))] + 1] + [np.nan]
                for side, child in (("true", yes), ("false", no)):
                    a[f"nodes_{side}leafs"].append(int(child is None))
                    if child is not None:
                        queue.append(child)
                        a[f"nodes_{side}nodeids"].append(at + len(queue) - 1)
                        continue
                    if not (alone and side == "false"):
                        weights.append(float(self.r.standard_normal()))
                        ids.append(int(self.r.integers(targets)))
                    a[f"nodes_{side}nodeids"].append(len(weights) - 1)
        element = ELEMENT[np.dtype(d)]
        modes_of = a.pop("nodes_modes")
        splits = a.pop("nodes_splits")
        if members:
            a["membership_values"] = helper.make_tensor("m", element, [len(members)], members)
        x = self.x(int(self.r.integers(1, 40)), features, dtypes=(d,), missing=0.2)
        return node_model("TreeEnsemble", {"X": x}, 1, 5, n_targets=targets, aggregate_function=int(self.r.integers(4)),
                          post_transform=int(self.r.integers(5)), leaf_targetids=ids,
                          leaf_weights=helper.make_tensor("w", element, [len(weights)], weights),
                          nodes_modes=helper.make_tensor("k", TensorProto.UINT8, [len(modes_of)], modes_of),
                          nodes_splits=helper.make_tensor("s", element, [len(splits)], splits), **a), {"X": x}

    # ---- support vectors, linear models ----
    def kernel(self):
        return {"kernel_type": self.one(["LINEAR", "POLY", "RBF", "SIGMOID"]),
                "kernel_params": [float(np.float32(self.r.random())), float(np.float32(self.r.random())),
                                  float(self.r.integers(1, 4))]}

    def svm_classifier(self):
        classes, f = int(self.r.integers(2, 5)), int(self.r.integers(1, 6))
        pairs, a = classes * (classes - 1) // 2, self.kernel()
        x = self.x(int(self.r.integers(1, 20)), f)
        if self.r.random() < 0.75:
            per_class = [int(v) for v in self.r.integers(1, 5, classes)]
            n = sum(per_class)
            a.update(vectors_per_class=per_class, support_vectors=self.floats(n * f).tolist(),
                     coefficients=self.floats((classes - 1) * n).tolist(), rho=self.floats(pairs).tolist())
            if self.r.random() < 0.5:
                a.update(prob_a=self.floats(pairs).tolist(), prob_b=self.floats(pairs).tolist())
        else:
            a.update(coefficients=self.floats(classes * f).tolist(), rho=self.floats(1).tolist())
        if self.r.random() < 0.3:
            a["coefficients"] = [abs(v) for v in a["coefficients"]]
        return node_model("SVMClassifier", {"X": x}, 2, 1, post_transform=self.one(POSTS), **a,
                          **self.labels(classes, "classlabels_ints", "classlabels_strings")), {"X": x}

    def svm_regressor(self):
        f, n, a = int(self.r.integers(1, 6)), int(self.r.integers(0, 8)), self.kernel()
        x = self.x(int(self.r.integers(1, 20)), f, dtypes=(np.float32,))
        if n:
            a.update(n_supports=n, support_vectors=self.floats(n * f).tolist())
        return node_model("SVMRegressor", {"X": x}, 1, 1, coefficients=self.floats(n or f).tolist(),
                          rho=self.floats(1).tolist(), one_class=int(self.r.random() < 0.3), **a), {"X": x}

    def linear_classifier(self):
        f, n = int(self.r.integers(1, 6)), int(self.r.integers(1, 5))
        x = self.x(int(self.r.integers(1, 20)), f)
        return node_model("LinearClassifier", {"X": x}, 2, 1, coefficients=self.floats(n * f).tolist(),
                          intercepts=self.floats(n).tolist(), post_transform=self.one(POSTS),
                          **self.labels(max(n, 2), "classlabels_ints", "classlabels_strings")), {"X": x}

    def linear_regressor(self):
        f, n = int(self.r.integers(1, 6)), int(self.r.integers(1, 5))
        x = self.x(int(self.r.integers(0, 20)), f, dtypes=(np.float32,))
        return node_model("LinearRegressor", {"X": x}, 1, 1, coefficients=self.floats(n * f).tolist(), targets=n,
                          intercepts=self.floats(n).tolist() if self.r.random() < 0.7 else None,
                          post_transform=self.one(POSTS)), {"X": x}

    # ---- features ----
    def feature(self):
        return getattr(self, self.one(["binarizer", "imputer", "scaler", "normalizer", "vectorizer", "extractor"]))()

    def binarizer(self):
        x = self.x(3, 4, dtypes=(np.float32,))
        return node_model("Binarizer", {"X": x}, 1, 1, threshold=self.one([0.0, 0.5, -1.0])), {"X": x}

    def imputer(self):
        x = self.x(4, 3, dtypes=(np.float32, np.int64), missing=0.3)
        n = self.one([1, 3])
        if x.dtype == np.int64:
            a = {"imputed_value_int64s": [int(v) for v in self.r.integers(-9, 9, n)], "replaced_value_int64": self.one([0, 1])}
        else:
            a = {"imputed_value_floats": self.floats(n).tolist(), "replaced_value_float": self.one([0.5, float("nan")])}
        return node_model("Imputer", {"X": x}, 1, 1, **a), {"X": x}

    def scaler(self):
        x, n = self.x(4, 3), self.one([1, 3])
        return node_model("Scaler", {"X": x}, 1, 1, offset=self.floats(n).tolist(), scale=self.floats(n).tolist()), {"X": x}

    def normalizer(self):
        x = self.x(4, 3)
        if self.r.random() < 0.3:
            x[1] = 0
        return node_model("Normalizer", {"X": x}, 1, 1, norm=self.one(["MAX", "L1", "L2"])), {"X": x}

    def vectorizer(self):
        n = int(self.r.integers(1, 4))
        feeds = {f"X{i}": self.x(3, int(self.r.integers(1, 5)), dtypes=(np.float32, np.int64, np.float64)) for i in range(n)}
        first = next(iter(feeds.values())).dtype
        feeds = {k: v.astype(first) for k, v in feeds.items()}
        return node_model("FeatureVectorizer", feeds, 1, 1,
                          inputdimensions=[int(v.shape[1] + self.one([0, 0, 1, -1])) for v in feeds.values()]), feeds

    def extractor(self):
        x = self.x(3, 5)
        if self.r.random() < 0.3:
            x = x[0]
        if self.r.random() < 0.3:
            x = np.array([f"s{v}" for v in x.ravel()], dtype=object).reshape(x.shape)
        feeds = {"X": x, "Y": self.r.integers(0, 5, int(self.r.integers(1, 7))).astype(np.int64)}
        return node_model("ArrayFeatureExtractor", feeds, 1, 1), feeds

    # ---- labels and maps ----
    def words(self, n):
        return [f"w{v}" for v in self.r.integers(0, 12, n)]

    def label(self):
        return getattr(self, self.one(["encoder1", "encoder2", "encoder4", "mapper", "one_hot", "zip_map", "cast_map",
                                       "dict_vectorizer"]))()

    def keys(self, kind, n):
        if kind == "strings":
            return self.words(n)
        if kind == "int64s":
            return [int(v) for v in self.r.integers(0, 12, n)]
        return [float(v) / 2 for v in self.r.integers(0, 12, n)] + [float("nan")] * int(self.r.integers(2))

    def tensor(self, kind, values):
        dtype = {"strings": object, "int64s": np.int64, "floats": np.float32}[kind]
        return np.array(values, dtype=dtype)

    def encoder1(self):
        x = self.tensor("strings", self.words(8)) if self.r.random() < 0.5 else self.tensor("int64s", self.keys("int64s", 8))
        return node_model("LabelEncoder", {"X": x}, 1, 1, classes_strings=[f"w{v}" for v in range(6)],
                          default_int64=-5, default_string="none"), {"X": x}

    def encoder2(self):
        kind, to = self.one([("strings", "int64s"), ("int64s", "strings"), ("floats", "strings"), ("strings", "floats"),
                             ("int64s", "floats"), ("floats", "int64s")])
        keys = list({str(k): k for k in self.keys(kind, 6)}.values())
        x = self.tensor(kind, self.keys(kind, 9)).reshape(-1)
        values = self.keys(to, len(keys))[:len(keys)]
        return node_model("LabelEncoder", {"X": x}, 1, self.one([2, 3, 4]), default_int64=7, default_string="none",
                          default_float=2.5, **{"keys_" + kind: keys, "values_" + to: values}), {"X": x}

    def encoder4(self):
        d, to = self.one([np.int64, np.float64, np.float32]), self.one([np.int64, np.float64, np.int16, np.float32])
        if (d, to) not in ((np.float64, np.float64), (np.int64, np.int64), (np.float64, np.int64)):
            d, to = np.float64, np.float64
        keys = np.array(list(set(self.keys("int64s", 6))), dtype=d)
        values = self.r.integers(-9, 9, len(keys)).astype(to)
        x = self.r.integers(0, 12, (3, 4)).astype(d)
        make = onnx.numpy_helper.from_array
        return node_model("LabelEncoder", {"X": x}, 1, 4, keys_tensor=make(keys), values_tensor=make(values),
                          default_tensor=make(np.array([3], dtype=to))), {"X": x}

    def mapper(self):
        x = self.tensor("strings", self.words(8)) if self.r.random() < 0.5 else self.tensor("int64s", self.keys("int64s", 8))
        return node_model("CategoryMapper", {"X": x}, 1, 1, cats_strings=[f"w{v}" for v in range(6)],
                          cats_int64s=[int(v) for v in self.r.permutation(9)[:6]], default_int64=-5,
                          default_string="none"), {"X": x}

    def one_hot(self):
        if self.r.random() < 0.5:
            x, a = self.tensor("strings", self.words(6)).reshape(2, 3), {"cats_strings": [f"w{v}" for v in range(8)]}
        else:
            x = self.x(2, 3)
            a = {"cats_int64s": [int(v) for v in self.r.permutation(9)[:6] - 4]}
        return node_model("OneHotEncoder", {"X": x}, 1, 1, zeros=1, **a), {"X": x}

    def zip_map(self):
        n = int(self.r.integers(1, 5))
        x = self.floats(4, n)
        return node_model("ZipMap", {"X": x}, 1, 1,
                          **{k: sorted(v) for k, v in self.labels(n, "classlabels_int64s", "classlabels_strings").items()}), \
            {"X": x}

    def cast_map(self):
        keys = [int(v) for v in self.r.permutation(12)[:5]]
        text = self.r.random() < 0.5
        value = {k: (str(int(self.r.integers(99))) if text else float(self.floats(1)[0])) for k in keys}
        return node_model("CastMap", {"X": value}, 1, 1, cast_to=self.one(["TO_FLOAT", "TO_STRING", "TO_INT64"]),
                          map_form=self.one(["DENSE", "SPARSE"]), max_map=12), {"X": value}

    def dict_vectorizer(self):
        if self.r.random() < 0.5:
            value, a = {f"w{v}": float(self.floats(1)[0]) for v in self.r.permutation(9)[:4]}, \
                {"string_vocabulary": [f"w{v}" for v in range(12)]}
        else:
            value, a = {int(v): float(self.floats(1)[0]) for v in self.r.permutation(9)[:4]}, \
                {"int64_vocabulary": [int(v) for v in self.r.permutation(12)]}
        return node_model("DictVectorizer", {"X": value}, 1, 1, **a), {"X": value}


KINDS = ["tree_regressor", "tree_classifier", "tree_ensemble", "svm_classifier", "svm_regressor", "linear_classifier",
         "linear_regressor", "feature", "label"]


def for_peer(model):
    """ONNX Runtime numbers the transforms of TreeEnsemble in another order than the specification does."""
    m = onnx.ModelProto()
    m.CopyFrom(model)
    for a in m.graph.node[0].attribute:
        if m.graph.node[0].op_type == "TreeEnsemble" and a.name == "post_transform":
            a.i = {1: 2, 2: 1}.get(a.i, a.i)
    return m


def top_labels(model, want, feeds):
    """Where weights speak of both of two classes, ONNX Runtime takes the second whenever its score is positive, and
    calls it 1 whatever its label is: the specification asks for the label of the top class."""
    node = model.graph.node[0]
    a = {x.name: helper.get_attribute_value(x) for x in node.attribute}
    labels = a.get("classlabels_int64s") or [s.decode() for s in a.get("classlabels_strings", [])]
    if node.op_type != "TreeEnsembleClassifier" or len(labels) != 2 or len(set(a["class_ids"])) != 2:
        return want
    plain = onnx.ModelProto()
    plain.CopyFrom(model)
    next(x for x in plain.graph.node[0].attribute if x.name == "post_transform").s = b"NONE"
    raw = session_results(plain, feeds)[1]
    return [np.array([labels[int(r[1] > r[0])] for r in raw], dtype=want[0].dtype), want[1]]


def peer_results(model, feeds):
    """What ONNX Runtime says, or None."""
    want = session_results(for_peer(model), feeds)
    return want and top_labels(model, want, feeds)


def session_results(model, feeds):
    quiet = onnxruntime.SessionOptions()
    quiet.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(model.SerializeToString(), quiet, providers=["CPUExecutionProvider"])
        return session.run(None, feeds)
    except Exception:  # it has no kernel for that type, or refuses: nothing to compare with
        return None


def reference_results(model, feeds):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ReferenceEvaluator(model).run(None, feeds)
    except Exception:
        return None


def undefined(model):
    """PROBIT of one score that stands for two classes leaves an output of ONNX Runtime unwritten."""
    node = model.graph.node[0]
    a = {x.name: helper.get_attribute_value(x) for x in node.attribute}
    labels = a.get("classlabels_ints") or a.get("classlabels_int64s") or a.get("classlabels_strings") or []
    return a.get("post_transform") == b"PROBIT" and len(labels) == 2


def tolerance(model):
    """The approximation that PROBIT stands for loses half the digits of a float."""
    probit = any(a.s == b"PROBIT" or (a.name == "post_transform" and a.i == 4) for a in model.graph.node[0].attribute)
    return (2e-2, 2e-3) if probit else (1e-4, 1e-5)


def compare(o):
    n, good = 600 if o.full else 120, True
    for at, kind in enumerate(KINDS):
        maker, models, feeds = Maker(1000 + at), {}, {}
        for i in range(n):
            name = f"{kind} {i}"
            models[name], feeds[name] = getattr(maker, kind)()
        ours = evaluate(o.build, {k: with_inputs(m, feeds[k]) for k, m in models.items()})
        runtime, reference, unknown = Tally(f"random {kind} models as in ONNX Runtime"), [0, 0], 0
        for name, model in models.items():
            got, want = ours[name], peer_results(model, feeds[name])
            if want is None or undefined(model):
                unknown += 1
            else:
                why = got if isinstance(got, str) else difference(got, want, *tolerance(model))
                runtime.add(why is None, name, why)
            second = reference_results(model, feeds[name])
            if second is not None and not isinstance(got, str):
                reference[0] += difference(got, second, *tolerance(model)) is None
                reference[1] += 1
        good &= runtime.close()
        print(f"  not comparable with ONNX Runtime: {unknown}; as in onnx's reference: {reference[0]} of {reference[1]}")
    return good


def node_tests(o):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cases = [c for c in collect_testcases(None) if "ai_onnx_ml" in c.name]
    models, want = {}, {}
    for c in cases:
        inputs, outputs = c.data_sets[0]
        feeds = {v.name: x for v, x in zip(c.model.graph.input, inputs)}
        models[c.name], want[c.name] = with_inputs(c.model, feeds), outputs
    ours, tally = evaluate(o.build, models), Tally("node tests of ai.onnx.ml")
    for name, got in ours.items():
        why = got if isinstance(got, str) else difference(got, list(want[name]), 1e-3, 1e-7)
        tally.add(why is None, name, why)
    return tally.close()


def main():
    o = options()
    good = node_tests(o)
    return 0 if compare(o) and good else 1


sys.exit(main())
