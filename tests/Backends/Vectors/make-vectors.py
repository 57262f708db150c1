#!/usr/bin/env python3
"""Writes pytorch-more.json: calls of ops with PyTorch's values and derivatives in float64, in the form of pytorch-vectors.json.

For each call: the operands, the result, a cotangent u with the gradients of <u, f>, tangents t with the tangent of f along them, and the
derivative of those gradients along t. Run it with a Python that has PyTorch; the numbers depend on the seed alone.
"""
import json
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
torch.manual_seed(20240607)
cases = []


def array(t):
    return {"shape": list(t.shape), "data": t.detach().reshape(-1).tolist()}


def real(*shape, low=None, high=None):
    return torch.randn(*shape) if low is None else low + (high - low) * torch.rand(*shape)


def case(op, f, inputs, differentiated=None, **attrs):
    differentiated = list(range(len(inputs))) if differentiated is None else differentiated
    tangents = [torch.randn_like(inputs[k]) for k in differentiated]
    s = torch.zeros((), requires_grad=True)
    moved = list(inputs)
    for t, k in zip(tangents, differentiated):
        moved[k] = inputs[k] + s * t
    y = f(*moved)
    u = torch.randn_like(y)

    # The derivative of a vector along s is the gradient of its product with a vector v, once more differentiated for v.
    def along(vector):
        v = torch.zeros_like(vector, requires_grad=True)
        g, = torch.autograd.grad((vector * v).sum(), s, create_graph=True, allow_unused=True)
        if g is None or not g.requires_grad:
            return torch.zeros_like(vector)
        d, = torch.autograd.grad(g, v, allow_unused=True)
        return torch.zeros_like(vector) if d is None else d

    grads = torch.autograd.grad((y * u).sum(), [moved[k] for k in differentiated], create_graph=True, allow_unused=True)
    grads = [torch.zeros_like(inputs[k]) if g is None else g for g, k in zip(grads, differentiated)]
    hvp = [along(g) if g.requires_grad else torch.zeros_like(g) for g in grads]
    tangent = along(y)
    for t in [y, tangent, *grads, *hvp]:
        if not torch.isfinite(t).all():
            raise SystemExit(f"{op} {attrs}: not finite")
    cases.append({
        "op": op, "attrs": attrs, "inputs": [array(x) for x in inputs], "differentiated": differentiated, "output": array(y),
        "cotangent": array(u), "grads": [array(g) for g in grads], "tangents": [array(t) for t in tangents], "jvp": array(tangent),
        "hvp": [array(h) for h in hvp],
    })


# Elementwise; without lgamma and digamma, as PyTorch's trigamma is right to 1e-9 only.
for name, f, low, high in [
    ("exp2", torch.exp2, -3, 3), ("log2", torch.log2, 0.1, 5), ("log10", torch.log10, 0.1, 5), ("rsqrt", torch.rsqrt, 0.1, 5),
    ("tan", torch.tan, -1.3, 1.3), ("asin", torch.asin, -0.9, 0.9), ("acos", torch.acos, -0.9, 0.9), ("atan", torch.atan, -4, 4),
    ("sinh", torch.sinh, -3, 3), ("cosh", torch.cosh, -3, 3), ("asinh", torch.asinh, -4, 4), ("acosh", torch.acosh, 1.1, 5),
    ("atanh", torch.atanh, -0.9, 0.9), ("erf", torch.erf, -3, 3), ("erfc", torch.erfc, -3, 3),
    ("relu6", F.relu6, -3, 9), ("selu", F.selu, -3, 3), ("hardtanh", F.hardtanh, -3, 3), ("hardsigmoid", lambda x: (x + 3).clamp(0, 6) / 6, -5, 5),
    ("hardswish", lambda x: x * (x + 3).clamp(0, 6) / 6, -5, 5), ("tanhshrink", F.tanhshrink, -3, 3), ("softshrink", F.softshrink, -2, 2),
    ("logsigmoid", F.logsigmoid, -30, 30), ("softplus", lambda x: F.softplus(x, threshold=1e9), -30, 30), ("mish", F.mish, -15, 15),
    ("gelu", F.gelu, -5, 5), ("elu", F.elu, -5, 5), ("silu", F.silu, -10, 10), ("sigmoid", torch.sigmoid, -20, 20),
]:
    case(name, f, [real(3, 7, low=low, high=high)])
case("gelu", lambda x: F.gelu(x, approximate="tanh"), [real(9) * 2], approximate="tanh")
case("leaky_relu", lambda x: F.leaky_relu(x, 0.3), [real(3, 4)], slope=0.3)
for exponent in (2, 0.5, -1, 1, 4):
    case("pow_scalar", lambda x: x ** exponent, [real(7, low=0.2, high=3)], exponent=exponent)
case("pow_scalar", lambda x: x ** 3, [real(7)], exponent=3)
for name, f in [("atan2", torch.atan2), ("logaddexp", torch.logaddexp), ("hypot", torch.hypot), ("minimum", torch.minimum)]:
    case(name, f, [real(2, 3), real(3)])
case("pow", torch.pow, [real(2, 3, low=0.2, high=3), real(3)])
case("clamp", lambda x: x.clamp(min=-0.3), [real(9)], min=-0.3)
case("clamp", lambda x: x.clamp(max=0.3), [real(3, 3)], max=0.3)

# Reductions.
for name, f in [("sum", torch.sum), ("mean", torch.mean), ("amax", torch.amax), ("amin", torch.amin)]:
    case(name, lambda x: f(x, dim=(0, 2)), [real(2, 3, 4)], axis=[0, 2], keepdims=False)
    case(name, lambda x: f(x, dim=(-1, 0), keepdim=True), [real(2, 3, 4)], axis=[-1, 0], keepdims=True)
case("amax", lambda x: torch.amax(x, dim=1), [torch.tensor([[1., 3, 3], [2, 2, 2], [0, 1, 5]])], axis=1, keepdims=False)
zeros = real(3, 4)
zeros[0, 1] = 0
zeros[1, 0] = zeros[1, 3] = 0
case("prod", lambda x: x.prod(1), [zeros], axis=1, keepdims=False)
case("prod", torch.prod, [real(5)])
case("logsumexp", lambda x: x.logsumexp(0), [real(4, 3) * 50], axis=0, keepdims=False)
case("logsumexp", lambda x: x.logsumexp((0, 2)), [real(4, 3, 2)], axis=[0, 2], keepdims=False)
case("var", lambda x: x.var((0, 2), unbiased=True), [real(2, 3, 4)], axis=[0, 2], correction=1)
case("var", lambda x: x.var((0, 1), unbiased=False), [real(4, 5)], axis=[0, 1], correction=0)
case("std", lambda x: x.std(-1, unbiased=True), [real(4, 5)], axis=-1, correction=1)
case("norm", lambda x: torch.linalg.vector_norm(x, 3), [real(6)], ord=3)
case("norm", lambda x: torch.linalg.vector_norm(x, float("inf")), [real(6)], ord="inf")
case("norm", lambda x: torch.linalg.vector_norm(x, 2, dim=1), [real(3, 4)], ord=2, axis=1)
case("cumsum", lambda x: x.cumsum(0), [real(4, 3)], axis=0)
case("cumsum", lambda x: x.cumsum(-1), [real(2, 3, 4)], axis=-1)
case("cumprod", lambda x: x.cumprod(1), [real(3, 4)], axis=1)
case("max", lambda x: x.max(1).values, [real(3, 5)], axis=1)
case("min", lambda x: x.min(0).values, [real(3, 5)], axis=0)
case("sort", lambda x: x.sort(-1).values, [real(3, 6)], axis=-1)

# Shapes, parts, indices.
for equation, shapes in [
    ("ij->ji", [(2, 3)]), ("ij->", [(2, 3)]), ("ii->i", [(3, 3)]), ("i,j->ij", [(3,), (2,)]), ("bhqd,bhkd->bhqk", [(2, 2, 3, 4), (2, 2, 5, 4)]),
    ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 2)]), ("ij,jk,kl->il", [(2, 3), (3, 4), (4, 2)]), ("ab,ab->a", [(3, 4), (3, 4)]),
    ("ab,cd->abcd", [(2, 2), (2, 3)]), ("abc,cd", [(2, 3, 4), (4, 5)]), ("i,i->i", [(4,), (4,)]), ("bij->b", [(2, 3, 3)]),
    ("bii->b", [(2, 3, 3)]),
]:
    case("einsum", lambda *x: torch.einsum(equation, *x), [real(*shape) for shape in shapes], equation=equation)
case("matmul", torch.matmul, [real(3, 1, 2, 4), real(2, 4, 3)])
case("matmul", torch.matmul, [real(4), real(2, 4, 3)])
case("matmul", torch.matmul, [real(2, 3, 4), real(4)])
case("concat", lambda *x: torch.cat(x, -1), [real(2, 1), real(2, 3), real(2, 2)], axis=-1)
case("stack", lambda *x: torch.stack(x, -1), [real(2, 3), real(2, 3), real(2, 3)], axis=-1)
case("flip", lambda x: x.flip(0, 2), [real(2, 3, 4)], axes=[0, 2])
case("tril", lambda x: x.tril(-1), [real(3, 4)], diagonal=-1)
case("triu", lambda x: x.triu(1), [real(2, 3, 3)], diagonal=1)
case("diagonal", lambda x: x.diagonal(1), [real(3, 4)], diagonal=1)
case("diag", lambda x: x.diag(-1), [real(3)], diagonal=-1)
case("roll", lambda x: x.roll((1, -2), (0, 1)), [real(3, 5)], shift=[1, -2], axes=[0, 1])
case("tile", lambda x: x.tile(2, 3), [real(2, 2)], reps=[2, 3])
case("repeat", lambda x: x.repeat_interleave(3, 1), [real(2, 2)], repeats=3, axis=1)

# Networks.
case("softmax", lambda x: x.softmax(1), [real(2, 5, 3) * 4], axis=1)
case("log_softmax", lambda x: x.log_softmax(0), [real(4, 3) * 30], axis=0)
case("layer_norm", lambda x, w, b: F.layer_norm(x, (3, 4), w, b, 1e-3), [real(2, 3, 4), real(3, 4), real(3, 4)], eps=1e-3)
case("group_norm", lambda x, w, b: F.group_norm(x, 2, w, b), [real(2, 4, 3), real(4), real(4)], groups=2)
case("batch_norm", lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), [real(4, 3, 2), real(3), real(3)])
labels = torch.tensor([1., 0, 4, 2])
case("cross_entropy", lambda x: F.cross_entropy(x, labels.long(), reduction="sum"), [real(4, 5)], reduction="sum")
cases[-1]["inputs"].append(array(labels))
case("cross_entropy", lambda x: F.cross_entropy(x, labels.long(), reduction="none"), [real(4, 5) * 9], reduction="none")
cases[-1]["inputs"].append(array(labels))
case("cross_entropy", lambda x, p: F.cross_entropy(x, p), [real(4, 5), real(4, 5).softmax(1)], target="probabilities")
for name, f in [("mse_loss", F.mse_loss), ("l1_loss", F.l1_loss), ("huber_loss", F.huber_loss), ("smooth_l1_loss", F.smooth_l1_loss)]:
    for reduction in ("sum", "none"):
        case(name, lambda x, t: f(x, t, reduction=reduction), [real(4, 3), real(4, 3)], [0], reduction=reduction)
probabilities = real(6, low=0.05, high=0.95)
# PyTorch adds 1e-12 to a denominator of its second derivative.
case("bce", lambda x, t: -(t * x.log() + (1 - t) * (1 - x).log()).mean(), [real(6, low=0.05, high=0.95), probabilities], [0])
case("bce_with_logits", lambda x, t: F.binary_cross_entropy_with_logits(x, t), [real(6) * 20, probabilities], [0])
case("kl_div", lambda x, t: F.kl_div(x, t, reduction="batchmean"), [real(3, 4).log_softmax(1), real(3, 4).softmax(1)], [0], reduction="batchmean")
for attrs in [dict(stride=1, padding=0), dict(stride=2, padding=1), dict(stride=1, padding=2, dilation=2)]:
    case("conv2d", lambda x, w, b: F.conv2d(x, w, b, **attrs), [real(2, 3, 6, 7), real(4, 3, 3, 2), real(4)], **attrs)
case("conv2d", lambda x, w: F.conv2d(x, w, groups=2), [real(1, 4, 5, 5), real(6, 2, 3, 3)], stride=1, padding=0, groups=2)
case("conv1d", lambda x, w: F.conv1d(x, w, stride=2, padding=1), [real(2, 3, 8), real(4, 3, 3)], stride=2, padding=1)
case("conv_transpose2d", lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1), [real(2, 3, 4, 4), real(3, 2, 3, 3)], stride=2, padding=1)
case("max_pool2d", lambda x: F.max_pool2d(x, 3, 2, 1), [real(2, 2, 7, 6)], kernel=3, stride=2, padding=1)
case("avg_pool2d", lambda x: F.avg_pool2d(x, 3, 2, 1), [real(2, 2, 7, 6)], kernel=3, stride=2, padding=1)
case("avg_pool2d", lambda x: F.avg_pool2d(x, 2, 2, 1, count_include_pad=False), [real(1, 2, 6, 6)], kernel=2, stride=2, padding=1, count_include_pad=False)

# Factorisations. Signs of vectors are a matter of taste, so what is compared does not depend on them.
def qr(x):
    q, r = torch.linalg.qr(x)
    signs = r.diagonal(0, -2, -1).sign()
    return torch.cat([(q * signs.unsqueeze(-2)).flatten(-2), (r * signs.unsqueeze(-1)).flatten(-2)], -1)


def eigh(x):
    values, v = torch.linalg.eigh((x + x.mT) / 2)
    return torch.cat([values, (v * values.sin().unsqueeze(-2) @ v.mT).flatten(-2)], -1)


def svd(x):
    u, s, vt = torch.linalg.svd(x, full_matrices=False)
    return torch.cat([s, (u @ vt).flatten(-2), (u * s.sin().unsqueeze(-2) @ u.mT).flatten(-2)], -1)


for shape in [(3, 3), (2, 4, 2), (2, 3)]:
    case("qr", qr, [real(*shape) + 2 * torch.eye(*shape[-2:])])
    case("svd", svd, [real(*shape)])
    case("pinv", torch.linalg.pinv, [real(*shape)])
case("eigh", eigh, [real(3, 3)])
case("eigh", eigh, [real(2, 4, 4)])
case("matrix_exp", torch.matrix_exp, [real(2, 3, 3)])
case("matrix_exp", torch.matrix_exp, [real(4, 4) * 3])
case("least_squares", lambda a, b: torch.linalg.lstsq(a, b).solution, [real(5, 3), real(5, 2)])
case("nuclear_norm", lambda x: torch.linalg.matrix_norm(x, "nuc"), [real(2, 4, 3)])
case("spectral_norm", lambda x: torch.linalg.matrix_norm(x, 2), [real(2, 4, 3)])
case("kron", torch.kron, [real(2, 3), real(3, 2)])
case("tensor_dot", lambda a, b: torch.tensordot(a, b, 2), [real(2, 3, 4), real(3, 4, 2)])

with open(sys.argv[1] if len(sys.argv) > 1 else "pytorch-more.json", "w") as file:
    file.write('{"source": "PyTorch %s, float64, CPU", "cases": [\n' % torch.__version__)
    file.write(",\n".join(json.dumps(c) for c in cases))
    file.write("\n]}\n")
print(len(cases), "cases")
