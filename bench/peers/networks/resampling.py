"""Networks of images that change the size of their maps, or sample them elsewhere."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from exports import Export, ImageNetwork


class FeaturePyramid(ImageNetwork):
    """Maps of three sizes, brought to the size of the largest one by both ways of interpolation."""

    NAME = "feature-pyramid"
    EXPORTS = (Export(11), Export(16, folded=False))

    def __init__(self):
        super().__init__()
        self.large = nn.Conv2d(3, 8, 3, 2, 1)
        self.middle = nn.Conv2d(8, 8, 3, 2, 1)
        self.small = nn.Conv2d(8, 8, 3, 2)
        self.lateral = nn.Conv2d(8, 8, 1)
        self.smooth = nn.Conv2d(8, 8, 3, 2, 1)
        self.embed = nn.Linear(8, 6)

    def forward(self, x):
        large = F.relu(self.large(x))
        middle = F.relu(self.middle(large))
        small = F.relu(self.small(middle))
        size = large.shape[-2:]
        x = large + F.interpolate(self.lateral(middle), size=size, mode="nearest")
        x = x + F.interpolate(small, size=size, mode="bilinear", align_corners=False)
        return self.embed(self.smooth(x).amax((2, 3)))


class Deconvolution(ImageNetwork):
    """Transposed convolution in groups with output padding; pools whose last window hangs over the edge."""

    NAME = "deconvolution"
    EXPORTS = (Export(11), Export(13, folded=False))

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 8, 5, 2, 2)
        self.up = nn.ConvTranspose2d(8, 8, 3, 2, 1, output_padding=1, groups=2)
        self.slope = nn.PReLU(8)
        self.grouped = nn.Conv2d(8, 12, 3, 2, 2, dilation=2, groups=4)
        self.average = nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False)
        self.largest = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.embed = nn.Linear(12, 6)

    def forward(self, x):
        x = self.grouped(self.slope(self.up(F.elu(self.down(x)))))
        return self.embed(self.largest(self.average(x)).sum((2, 3)))


class SpatialTransformer(ImageNetwork):
    """A map sampled bilinearly where an affine map of its own sends a grid (spatial transformer)."""

    NAME = "spatial-transformer"
    EXPORTS = (Export(16), Export(17, folded=False))

    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(3, 8, 3, 2, 1)
        self.locate = nn.Linear(8, 6)
        self.locate.weight.data *= 0.05
        self.locate.bias.data = torch.tensor([0.9, 0.1, 0.0, -0.1, 0.8, 0.05])
        self.embed = nn.Linear(8, 5)
        rows, columns = torch.meshgrid(torch.linspace(-1, 1, 12), torch.linspace(-1, 1, 10), indexing="ij")
        self.register_buffer("grid", torch.stack([columns, rows, torch.ones(12, 10)], -1).view(1, 120, 3))

    def forward(self, x):
        x = torch.tanh(self.features(x))
        affine = self.locate(x.mean((2, 3))).view(-1, 2, 3)
        grid = (self.grid @ affine.transpose(1, 2)).view(-1, 12, 10, 2)
        x = F.grid_sample(x, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        return self.embed((x * x).mean((2, 3)))


class SubPixel(ImageNetwork):
    """Channels that become pixels, reflected edges, normalisation by instance, and the largest places of each map."""

    NAME = "sub-pixel"
    EXPORTS = (Export(11), Export(15, folded=False))

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, 2, 1)
        self.norm = nn.InstanceNorm2d(16, affine=True)
        self.shuffle = nn.PixelShuffle(2)
        self.down = nn.Conv2d(4, 8, 3, 4)
        self.embed = nn.Linear(16, 6)

    def forward(self, x):
        x = F.pad(self.shuffle(F.selu(self.norm(self.stem(x)))), (1, 2, 1, 1), mode="reflect")
        x = self.down(x).flatten(2)
        return F.log_softmax(self.embed(torch.cat([x.topk(3, dim=2)[0].sum(2), x.std(2)], 1)), dim=1)


NETWORKS = [FeaturePyramid, Deconvolution, SpatialTransformer, SubPixel]
