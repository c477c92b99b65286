"""Writes packages/onnx/fixtures/pytorch-gradients.json: outputs and gradients of operators, by PyTorch in float64.

Every input is a multiple of 1/64, so float32 holds it exactly. Run from anywhere, with a Python that has torch:

    python3 bench/peers/gradient-values.py
"""

import math

import torch
import torch.nn.functional as F
from fixture import listed, values, write_fixture

torch.manual_seed(1)


def case(name, operator, attributes, inputs, compute, wrt=None):
    """One node: `compute` takes the inputs by position and gives the outputs in the operator's order."""
    wrt = list(inputs) if wrt is None else wrt
    leaves = {key: tensor.clone().requires_grad_(key in wrt) for key, tensor in inputs.items()}
    outputs = compute(*leaves.values())
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    upstream = values(*outputs[0].shape)
    outputs[0].backward(upstream)
    return {
        "name": name,
        "operator": operator,
        "attributes": attributes,
        "inputs": {key: listed(tensor) for key, tensor in inputs.items()},
        "upstream": listed(upstream),
        "outputs": [listed(tensor) for tensor in outputs],
        "gradients": {key: listed(leaves[key].grad) for key in wrt},
    }


def same_pads(sizes, kernel, strides, dilations, upper):
    """Padding that makes outputs ceil(size / stride) long: [begin ...], [end ...]."""
    begin, end = [], []
    for size, taps, stride, dilation in zip(sizes, kernel, strides, dilations):
        extent = dilation * (taps - 1) + 1
        total = max((math.ceil(size / stride) - 1) * stride + extent - size, 0)
        small = total // 2
        begin.append(small if upper else total - small)
        end.append(total - small if upper else small)
    return begin, end


def conv_case(name, x, channels, kernel, strides=None, dilations=None, pads=None, groups=1, auto_pad=None, bias=True):
    rank = len(kernel)
    strides, dilations = strides or [1] * rank, dilations or [1] * rank
    begin, end = (pads[:rank], pads[rank:]) if pads else ([0] * rank, [0] * rank)
    if auto_pad:
        begin, end = same_pads(x[2:], kernel, strides, dilations, auto_pad == "SAME_UPPER")
    around = [count for pair in zip(reversed(begin), reversed(end)) for count in pair]
    convolve = F.conv1d if rank == 1 else F.conv2d
    attributes = {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "group": groups}
    attributes.update({"auto_pad": auto_pad} if auto_pad else {"pads": begin + end})
    inputs = {"x": values(*x), "w": values(channels, x[1] // groups, *kernel)}
    if bias:
        inputs["b"] = values(channels)

    def compute(x, w, b=None):
        return convolve(F.pad(x, around), w, b, stride=strides, dilation=dilations, groups=groups)

    return case(name, "Conv", attributes, inputs, compute)


def conv_transpose_case(name, x, channels, kernel, strides=None, dilations=None, pads=None, extra=None, groups=1):
    rank = len(kernel)
    strides, dilations = strides or [1] * rank, dilations or [1] * rank
    pads, extra = pads or [0] * rank, extra or [0] * rank
    transposed = F.conv_transpose1d if rank == 1 else F.conv_transpose2d
    attributes = {
        "kernel_shape": kernel,
        "strides": strides,
        "dilations": dilations,
        "group": groups,
        "pads": pads + pads,
        "output_padding": extra,
    }
    inputs = {"x": values(*x), "w": values(x[1], channels // groups, *kernel), "b": values(channels)}

    def compute(x, w, b):
        return transposed(x, w, b, stride=strides, padding=pads, output_padding=extra, groups=groups, dilation=dilations)

    return case(name, "ConvTranspose", attributes, inputs, compute)


def batch_normalization_case(name, dims, training, epsilon=1e-5, momentum=0.9):
    channels = dims[1]
    inputs = {
        "x": values(*dims),
        "scale": values(channels, low=32, high=96),
        "b": values(channels),
        "mean": values(channels, low=-16, high=16),
        "var": values(channels, low=32, high=96),
    }
    attributes = {"epsilon": epsilon, "momentum": momentum, "training_mode": int(training)}

    def compute(x, scale, b, mean, var):
        if not training:
            return F.batch_norm(x, mean, var, scale, b, False, 0.0, epsilon)
        running_mean, running_var = mean.clone(), var.clone()
        # PyTorch's momentum is the weight of the batch; its running variance takes in the unbiased variance.
        y = F.batch_norm(x, running_mean, running_var, scale, b, True, 1 - momentum, epsilon)
        return y, running_mean, running_var

    # F.batch_norm has no gradient for the frozen statistics: those are written out below.
    if training:
        return case(name, "BatchNormalization", attributes, inputs, compute, ["x", "scale", "b"])
    shape = [1, channels] + [1] * (len(dims) - 2)

    def written_out(x, scale, b, mean, var):
        scale, b, mean, var = (value.reshape(shape) for value in (scale, b, mean, var))
        return (x - mean) / torch.sqrt(var + epsilon) * scale + b

    assert torch.allclose(compute(*inputs.values()), written_out(*inputs.values()), rtol=1e-14, atol=1e-14)
    return case(name, "BatchNormalization", attributes, inputs, written_out)


def layer_normalization_case(name, dims, axis, epsilon=1e-5):
    rows = dims[axis:]
    inputs = {"x": values(*dims), "scale": values(*rows), "b": values(*rows)}
    return case(
        name,
        "LayerNormalization",
        {"axis": axis, "epsilon": epsilon},
        inputs,
        lambda x, scale, b: F.layer_norm(x, rows, scale, b, epsilon),
    )


def prelu_case(name, dims):
    channels = dims[1]
    inputs = {"x": values(*dims), "slope": values(channels, *[1] * (len(dims) - 2))}
    return case(name, "PRelu", {}, inputs, lambda x, slope: F.prelu(x, slope.flatten()))


CASES = [
    conv_case("1-D", [2, 3, 7], 4, [3]),
    conv_case("1-D, strides, dilations, asymmetric pads", [1, 2, 11], 3, [3], [2], [2], [1, 3]),
    conv_case("1-D, groups", [2, 4, 6], 6, [2], groups=2, pads=[1, 0]),
    conv_case("1-D, depthwise, strides", [2, 3, 9], 3, [3], [2], groups=3, pads=[1, 1]),
    conv_case("2-D", [2, 3, 5, 6], 4, [3, 3]),
    conv_case("2-D, padded", [2, 2, 5, 4], 3, [3, 3], pads=[1, 1, 1, 1]),
    conv_case("2-D, strides", [2, 3, 7, 8], 2, [3, 3], [2, 2], pads=[1, 1, 1, 1]),
    conv_case("2-D, strides that leave a rest", [1, 2, 8, 9], 3, [3, 2], [3, 2]),
    conv_case("2-D, one tap", [2, 5, 3, 4], 7, [1, 1], bias=False),
    conv_case("2-D, one tap, strides", [2, 3, 5, 6], 4, [1, 1], [2, 2], bias=False),
    conv_case("2-D, dilations", [1, 2, 9, 8], 2, [3, 2], dilations=[2, 3], pads=[2, 1, 2, 1]),
    conv_case("2-D, asymmetric pads", [1, 2, 5, 5], 3, [3, 3], pads=[0, 2, 1, 0]),
    conv_case("2-D, pads beyond the kernel", [1, 1, 3, 3], 2, [2, 2], pads=[2, 3, 3, 2]),
    conv_case("2-D, groups", [2, 4, 5, 4], 6, [3, 3], groups=2, pads=[1, 1, 1, 1]),
    conv_case("2-D, groups, strides", [1, 6, 7, 6], 3, [3, 3], [2, 2], groups=3, pads=[1, 1, 1, 1]),
    conv_case("2-D, depthwise", [2, 5, 6, 5], 5, [3, 3], groups=5, pads=[1, 1, 1, 1], bias=False),
    conv_case("2-D, depthwise, strides", [2, 3, 8, 8], 3, [3, 3], [2, 2], groups=3, pads=[1, 1, 1, 1], bias=False),
    conv_case("2-D, depthwise, strides, odd size", [2, 3, 7, 9], 3, [3, 3], [2, 2], groups=3, pads=[1, 1, 1, 1]),
    conv_case("2-D, depthwise, the whole input", [3, 4, 7, 7], 4, [7, 7], groups=4, bias=False),
    conv_case("2-D, depthwise, two kernels a channel", [2, 3, 5, 5], 6, [3, 3], groups=3),
    conv_case("2-D, SAME_UPPER", [1, 2, 5, 7], 2, [4, 3], auto_pad="SAME_UPPER"),
    conv_case("2-D, SAME_LOWER", [1, 2, 5, 7], 2, [4, 2], auto_pad="SAME_LOWER"),
    conv_case("2-D, SAME_UPPER, strides", [1, 2, 7, 8], 3, [3, 3], [2, 3], auto_pad="SAME_UPPER"),
    conv_case("2-D, SAME_LOWER, strides", [1, 2, 8, 6], 2, [3, 4], [2, 2], auto_pad="SAME_LOWER"),
    conv_transpose_case("1-D", [2, 3, 4], 2, [3], [2], pads=[1], extra=[1]),
    conv_transpose_case("2-D", [2, 3, 4, 3], 2, [3, 3]),
    conv_transpose_case("2-D, strides, output padding", [1, 2, 3, 4], 3, [3, 3], [2, 2], pads=[1, 1], extra=[1, 1]),
    conv_transpose_case("2-D, strides longer than the kernel", [1, 2, 3, 3], 2, [2, 2], [3, 3]),
    conv_transpose_case("2-D, groups, dilations", [1, 4, 4, 3], 6, [2, 3], dilations=[2, 1], groups=2),
    conv_transpose_case("2-D, depthwise", [2, 3, 3, 4], 3, [3, 3], [2, 1], pads=[1, 0], groups=3),
    batch_normalization_case("frozen, [N, C]", [5, 3], False),
    batch_normalization_case("frozen, [N, C, H, W]", [2, 3, 4, 3], False, epsilon=2e-5),
    batch_normalization_case("batch statistics, [N, C]", [7, 3], True),
    batch_normalization_case("batch statistics, [N, C, L]", [3, 2, 5], True, momentum=0.8),
    batch_normalization_case("batch statistics, [N, C, H, W]", [3, 5, 3, 4], True, epsilon=2e-5),
    layer_normalization_case("last axis", [3, 4, 7], -1),
    layer_normalization_case("last two axes", [2, 3, 5], 1),
    prelu_case("[N, C]", [4, 5]),
    prelu_case("[N, C, H, W]", [2, 5, 3, 4]),
]

write_fixture("pytorch-gradients.json", __file__, {"cases": CASES})
