"""Networks of images: blocks of convolutions, pooling and attention."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from exports import Export, ImageNetwork


class MobileBlock(ImageNetwork):
    """Squeeze and excite with hard activations; pads at the end alone, as TensorFlow's SAME (MobileNetV3)."""

    NAME = "mobile-block"
    EXPORTS = (Export(9), Export(14, folded=False))

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 3, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(12, eps=1e-3)
        self.expand = nn.Conv2d(12, 24, 1, bias=False)
        self.depthwise = nn.Conv2d(24, 24, 5, 2, 2, groups=24, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(24)
        self.squeeze = nn.Conv2d(24, 6, 1)
        self.excite = nn.Conv2d(6, 24, 1)
        # Some gates are wide open, and some shut.
        self.excite.bias.data = torch.linspace(-4, 4, 24)
        self.project = nn.Conv2d(24, 12, 1)
        self.embed = nn.Linear(12, 8)

    def forward(self, x):
        x = F.hardswish(self.stem_norm(self.stem(F.pad(x, (0, 1, 0, 1)))))
        x = F.relu6(self.expand(x))
        x = F.hardswish(self.depthwise_norm(self.depthwise(x)))
        weights = F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))
        x = x * F.hardsigmoid(self.excite(weights))
        return self.embed(self.project(x).mean((2, 3)))


class GeneralizedMean(ImageNetwork):
    """Residual blocks, and generalized-mean pooling (GeM) whose power is learnt."""

    NAME = "generalized-mean"
    EXPORTS = (Export(11), Export(17, folded=False))

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 3, 2, 1)
        self.first = nn.Conv2d(12, 12, 3, 1, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(12)
        self.second = nn.Conv2d(12, 20, 3, 2, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(20)
        self.shortcut = nn.Conv2d(12, 20, 1, 2)
        self.power = nn.Parameter(torch.full((1,), 3.0))
        self.embed = nn.Linear(20, 8)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.stem(x)), 3, 1, 1)
        x = F.relu(x + self.first_norm(self.first(x)))
        x = F.relu(self.shortcut(x) + self.second_norm(self.second(x)))
        x = x.clamp(min=1e-2).pow(self.power).mean((2, 3)).pow(1 / self.power)
        return F.normalize(self.embed(x))


class SplitAttention(ImageNetwork):
    """Two branches weighed against each other for every channel (ResNeSt)."""

    NAME = "split-attention"
    EXPORTS = (Export(13, batch=1), Export(12, folded=False))

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 3, 2, 1)
        self.branches = nn.Conv2d(12, 24, 3, 1, 1, groups=2)
        self.norm = nn.BatchNorm2d(24)
        self.squeeze = nn.Conv2d(12, 8, 1)
        self.squeeze_norm = nn.BatchNorm2d(8)
        self.weigh = nn.Conv2d(8, 24, 1)
        self.embed = nn.Linear(12, 8)

    def forward(self, x):
        x = F.relu(self.norm(self.branches(F.relu(self.stem(x)))))
        batch, channels = x.shape[:2]
        branches = torch.split(x, channels // 2, dim=1)
        pooled = F.adaptive_avg_pool2d(sum(branches), 1)
        weights = self.weigh(F.relu(self.squeeze_norm(self.squeeze(pooled))))
        weights = F.softmax(weights.view(batch, 1, 2, -1).transpose(1, 2), dim=1)
        weights = torch.split(weights.reshape(batch, -1, 1, 1), channels // 2, dim=1)
        x = sum(weight * branch for weight, branch in zip(weights, branches))
        return self.embed(F.adaptive_avg_pool2d(x, 1).view(batch, -1))


class NetVlad(ImageNetwork):
    """Residuals to cluster centers, weighed by soft assignments (NetVLAD)."""

    NAME = "netvlad"
    EXPORTS = (Export(10), Export(15, folded=False))

    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(3, 12, 4, 4)
        self.assign = nn.Conv2d(12, 5, 1, bias=False)
        self.centers = nn.Parameter(torch.rand(5, 12))
        self.embed = nn.Linear(60, 8)

    def forward(self, x):
        x = F.normalize(self.features(x), dim=1)
        batch, channels = x.shape[:2]
        weights = F.softmax(self.assign(x).view(batch, 5, -1), dim=1)
        x = x.view(batch, channels, -1)
        centers = self.centers.expand(x.size(-1), -1, -1).permute(1, 2, 0).unsqueeze(0)
        residuals = x.expand(5, -1, -1, -1).permute(1, 0, 2, 3) - centers
        x = F.normalize((residuals * weights.unsqueeze(2)).sum(-1), dim=2)
        return self.embed(F.normalize(x.view(batch, -1), dim=1))


class WindowAttention(ImageNetwork):
    """Attention within windows that are rolled, with a bias by relative position from a table (Swin)."""

    NAME = "window-attention"
    EXPORTS = (Export(13, batch=4), Export(16, folded=False))

    def __init__(self):
        super().__init__()
        self.patches = nn.Conv2d(3, 16, 4, 4)
        self.norm = nn.LayerNorm(16)
        self.table = nn.Parameter(torch.randn(49, 2) * 0.1)
        self.query_key_value = nn.Linear(16, 48)
        self.project = nn.Linear(16, 16)
        self.embed = nn.Linear(16, 8)
        places = torch.stack(torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")).flatten(1)
        apart = (places[:, :, None] - places[:, None, :]) + 3
        self.register_buffer("index", (apart[0] * 7 + apart[1]).flatten())

    def forward(self, x):
        x = self.patches(x).permute(0, 2, 3, 1)
        batch, height, width, channels = x.shape
        windows = torch.roll(self.norm(x), (-2, -2), (1, 2))
        windows = windows.view(batch, height // 4, 4, width // 4, 4, channels).permute(0, 1, 3, 2, 4, 5)
        windows = windows.reshape(-1, 16, channels)
        query, key, value = self.query_key_value(windows).reshape(-1, 16, 3, 2, 8).permute(2, 0, 3, 1, 4)
        bias = self.table[self.index].view(16, 16, 2).permute(2, 0, 1).unsqueeze(0)
        attention = (query @ key.transpose(-2, -1) * 8**-0.5 + bias).softmax(-1)
        windows = self.project((attention @ value).transpose(1, 2).reshape(-1, 16, channels))
        windows = windows.view(batch, height // 4, width // 4, 4, 4, channels).permute(0, 1, 3, 2, 4, 5)
        x = x + torch.roll(windows.reshape(batch, height, width, channels), (2, 2), (1, 2))
        return self.embed(x.mean((1, 2)))


class Hybrid(ImageNetwork):
    """A transformer over patches that reshapes unfold from a map of convolutions, and fold again (MobileViT)."""

    NAME = "hybrid"
    EXPORTS = (Export(11, folded=False), Export(14))

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 12, 3, 4, 1)
        self.widen = nn.Conv2d(12, 16, 1)
        self.transformer = nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", batch_first=True, norm_first=True)
        self.narrow = nn.Conv2d(16, 12, 1)
        self.fuse = nn.Conv2d(24, 12, 3, 1, 1)
        self.embed = nn.Linear(12, 8)

    def forward(self, x):
        x = F.silu(self.stem(x))
        local = x
        x = self.widen(x)
        batch, channels, height, width = x.shape
        rows, columns = height // 2, width // 2
        x = x.reshape(batch * channels * rows, 2, columns, 2).transpose(1, 2)
        x = x.reshape(batch, channels, rows * columns, 4).transpose(1, 3).reshape(batch * 4, rows * columns, channels)
        x = self.transformer(x)
        x = x.contiguous().view(batch, 4, rows * columns, channels).transpose(1, 3)
        x = x.reshape(batch * channels * rows, columns, 2, 2).transpose(1, 2).reshape(batch, channels, height, width)
        return self.embed(self.fuse(torch.cat([local, self.narrow(x)], 1)).mean((2, 3)))


class ChannelShuffle(ImageNetwork):
    """Local response normalisation, channels shuffled between groups, and halves that go different ways."""

    NAME = "channel-shuffle"
    EXPORTS = (Export(9), Export(17, folded=False))

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 2, 1)
        self.response = nn.LocalResponseNorm(3, alpha=0.5, beta=0.6)
        self.grouped = nn.Conv2d(16, 16, 1, groups=4)
        self.depthwise = nn.Conv2d(8, 8, 3, 2, 1, groups=8)
        self.shortcut = nn.Conv2d(8, 8, 3, 2, 1)
        self.norm = nn.BatchNorm2d(8)
        self.embed = nn.Linear(16, 6)

    def forward(self, x):
        x = self.grouped(self.response(F.relu(self.stem(x))))
        batch, channels, height, width = x.shape
        x = x.view(batch, 4, channels // 4, height, width).transpose(1, 2).reshape(batch, -1, height, width)
        kept, changed = x[:, :8], x[:, 8:]
        x = torch.cat([self.shortcut(kept), F.leaky_relu(self.norm(self.depthwise(changed)), 0.2)], 1)
        return self.embed(x.mean((2, 3)))


class WeightNorm(ImageNetwork):
    """Weights as norm and direction, standardised weights, and normalisation over groups of channels."""

    NAME = "weight-norm"
    EXPORTS = (Export(12), Export(16, folded=False, batch=4))

    def __init__(self):
        super().__init__()
        self.first = nn.utils.weight_norm(nn.Conv2d(3, 8, 3, 2, 1))
        self.second = nn.Conv2d(8, 12, 3, 2, 1)
        self.norm = nn.GroupNorm(3, 12)
        self.embed = nn.utils.weight_norm(nn.Linear(12, 6))

    def forward(self, x):
        x = F.softplus(self.first(x))
        weight = self.second.weight
        weight = weight - weight.mean((1, 2, 3), keepdim=True)
        weight = weight / (weight.std((1, 2, 3), keepdim=True) + 1e-3)
        x = F.mish(self.norm(F.conv2d(x, weight, self.second.bias, 2, 1)))
        return self.embed(x.flatten(2).logsumexp(2))


NETWORKS = [
    MobileBlock,
    GeneralizedMean,
    SplitAttention,
    NetVlad,
    WindowAttention,
    Hybrid,
    ChannelShuffle,
    WeightNorm,
]
