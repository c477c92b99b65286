"""tiny-iresnet in PyTorch: the layers, the names and the first weights of `tinyIresnet()` in @cf/backbones."""

import torch
from torch import nn

WIDTHS = (32, 64, 128, 256)
SIDE = 56
LAST_SIDE = 4


def conv(channels, to, kernel, stride=1, padding=0):
    return nn.Conv2d(channels, to, kernel, stride, padding, bias=False)


class ResidualBlock(nn.Module):
    """BN, 3x3, BN, PReLU, 3x3 with stride 2, BN, plus the input through a 1x1 with stride 2 and BN."""

    def __init__(self, channels, to):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv1 = conv(channels, to, 3, 1, 1)
        self.bn2 = nn.BatchNorm2d(to)
        self.prelu = nn.PReLU(to)
        self.conv2 = conv(to, to, 3, 2, 1)
        self.bn3 = nn.BatchNorm2d(to)
        self.downsample = nn.Sequential(conv(channels, to, 1, 2), nn.BatchNorm2d(to))

    def forward(self, x):
        y = self.prelu(self.bn2(self.conv1(self.bn1(x))))
        return self.bn3(self.conv2(y)) + self.downsample(x)


class TinyIresnet(nn.Module):
    """Pixels [N, 3, 56, 56], 0 to 255, to embeddings [N, d], not normalised."""

    def __init__(self, embedding_size=256, dropout=0.4):
        super().__init__()
        self.conv1 = conv(3, WIDTHS[0], 3, 1, 1)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        self.prelu = nn.PReLU(WIDTHS[0])
        channels = WIDTHS[0]
        for stage, to in enumerate(WIDTHS, start=1):
            setattr(self, f"layer{stage}", nn.Sequential(ResidualBlock(channels, to)))
            channels = to
        self.bn2 = nn.BatchNorm2d(channels)
        self.dropout = nn.Dropout(dropout)
        self.fc = nn.Linear(channels * LAST_SIDE**2, embedding_size)
        self.features = nn.BatchNorm1d(embedding_size)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.1)

    def forward(self, pixels):
        x = (pixels - 127.5) / 127.5
        x = self.prelu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.features(self.fc(self.dropout(torch.flatten(self.bn2(x), 1))))
