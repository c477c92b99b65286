"""Networks of speech, and of lines of writing, which are read as sequences too."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from exports import Export, ImageNetwork, SpeechNetwork


class AttentiveStatistics(SpeechNetwork):
    """A Res2 block with squeeze and excite, and attentive statistics pooling with global context (ECAPA-TDNN)."""

    NAME = "attentive-statistics"
    EXPORTS = (Export(11), Export(17, folded=False))

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv1d(24, 24, 5, padding=2)
        self.stem_norm = nn.BatchNorm1d(24)
        self.parts = nn.ModuleList([nn.Conv1d(6, 6, 3, padding=2, dilation=2) for _ in range(3)])
        self.part_norms = nn.ModuleList([nn.BatchNorm1d(6) for _ in range(3)])
        self.squeeze = nn.Conv1d(24, 6, 1)
        self.excite = nn.Conv1d(6, 24, 1)
        self.attend = nn.Conv1d(72, 8, 1)
        # Where tanh is bent: softmax takes no notice of what is the same at all times.
        self.attend.weight.data *= 4
        self.weigh = nn.Conv1d(8, 24, 1)
        self.norm = nn.BatchNorm1d(48)
        self.embed = nn.Linear(48, 8)

    def forward(self, x):
        x = self.stem_norm(F.relu(self.stem(x)))
        parts = list(torch.chunk(x, 4, dim=1))
        for i, (convolution, norm) in enumerate(zip(self.parts, self.part_norms)):
            before = parts[i + 1] if i == 0 else parts[i + 1] + parts[i]
            parts[i + 1] = norm(F.relu(convolution(before)))
        x = torch.cat(parts, 1)
        x = x * torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean(2, keepdim=True)))))
        frames = x.size(-1)
        mean = x.mean(2, keepdim=True)
        deviation = (x - mean).pow(2).mean(2, keepdim=True).clamp(min=1e-9).sqrt()
        context = torch.cat([x, mean.repeat(1, 1, frames), deviation.expand(-1, -1, frames)], 1)
        weights = F.softmax(self.weigh(torch.tanh(self.attend(context))), dim=2)
        mean = (weights * x).sum(2)
        deviation = (weights * (x - mean.unsqueeze(2)).pow(2)).sum(2).clamp(min=1e-9).sqrt()
        return self.embed(self.norm(torch.cat([mean, deviation], 1)))


class Conformer(SpeechNetwork):
    """Half a feed-forward step, attention with the relative shift of its positions, and convolution behind a gate."""

    NAME = "conformer"
    EXPORTS = (Export(13), Export(16, folded=False))

    def __init__(self):
        super().__init__()
        self.project = nn.Linear(24, 16)
        self.feed_forward = nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 32), nn.SiLU(), nn.Linear(32, 16))
        self.attention_norm = nn.LayerNorm(16)
        self.query, self.key, self.value = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 16)
        self.position = nn.Linear(16, 16, bias=False)
        self.content_bias = nn.Parameter(torch.randn(2, 8) * 0.1)
        self.position_bias = nn.Parameter(torch.randn(2, 8) * 0.1)
        self.output = nn.Linear(16, 16)
        self.convolution_norm = nn.LayerNorm(16)
        self.pointwise = nn.Conv1d(16, 32, 1)
        self.depthwise = nn.Conv1d(16, 16, 7, padding=3, groups=16)
        self.depthwise_norm = nn.BatchNorm1d(16)
        self.pointwise_out = nn.Conv1d(16, 16, 1)
        self.embed = nn.Linear(16, 6)
        angles = torch.arange(39.0, -40, -1).unsqueeze(1) * torch.exp(torch.arange(0, 16, 2.0) * -0.6)
        self.register_buffer("sines", torch.cat([angles.sin(), angles.cos()], 1).unsqueeze(0))

    def heads(self, x):
        return x.view(x.size(0), -1, 2, 8)

    def shifted(self, scores):
        """Scores by distance become scores by position: a row further down starts one further left."""
        batch, heads, rows, distances = scores.shape
        scores = F.pad(scores, (1, 0)).view(batch, heads, distances + 1, rows)
        return scores[:, :, 1:].view(batch, heads, rows, distances)[:, :, :, : distances // 2 + 1]

    def forward(self, x):
        x = self.project(x.transpose(1, 2))
        x = x + 0.5 * self.feed_forward(x)
        normed = self.attention_norm(x)
        query = self.heads(self.query(normed))
        key = self.heads(self.key(normed)).permute(0, 2, 3, 1)
        value = self.heads(self.value(normed)).transpose(1, 2)
        positions = self.heads(self.position(self.sines)).permute(0, 2, 3, 1)
        by_content = (query + self.content_bias).transpose(1, 2) @ key
        by_position = (query + self.position_bias).transpose(1, 2) @ positions
        attention = ((by_content + self.shifted(by_position)) / 8**0.5).softmax(-1)
        x = x + self.output((attention @ value).transpose(1, 2).reshape(x.size(0), -1, 16))
        gated = F.glu(self.pointwise(self.convolution_norm(x).transpose(1, 2)), dim=1)
        gated = F.silu(self.depthwise_norm(self.depthwise(gated)))
        x = x + self.pointwise_out(gated).transpose(1, 2)
        return self.embed(x.mean(1))


class Waveform(nn.Module):
    """Normalised samples of sound, a normalisation for each channel over time, positions by a convolution with weight
    normalisation, and a transformer (wav2vec 2.0)."""

    NAME = "waveform"
    EXPORTS = (Export(12), Export(15, folded=False))

    @staticmethod
    def example(batch):
        return torch.randn(batch, 400)

    def __init__(self):
        super().__init__()
        self.first = nn.Conv1d(1, 16, 10, 5, bias=False)
        self.first_norm = nn.GroupNorm(16, 16)
        self.second = nn.Conv1d(16, 16, 3, 2)
        self.norm = nn.LayerNorm(16)
        self.positions = nn.utils.weight_norm(nn.Conv1d(16, 16, 8, padding=4, groups=4), dim=2)
        self.transformer = nn.TransformerEncoderLayer(16, 2, 32, activation="gelu", batch_first=True)
        self.embed = nn.Linear(16, 6)

    def forward(self, x):
        x = (x - x.mean(1, keepdim=True)) / torch.sqrt(x.var(1, keepdim=True) + 1e-7)
        x = F.gelu(self.first_norm(self.first(x.unsqueeze(1))))
        x = self.norm(F.gelu(self.second(x)).transpose(1, 2))
        x = x + F.gelu(self.positions(x.transpose(1, 2))[:, :, :-1]).transpose(1, 2)
        return self.embed(self.transformer(x).mean(1))


class ConvolutionalRecurrent(ImageNetwork):
    """Columns of a convolution's map, read both ways by an LSTM (CRNN): outputs, and last states of both kinds."""

    NAME = "convolutional-recurrent"
    EXPORTS = (Export(9), Export(14, folded=False))

    def __init__(self):
        super().__init__()
        self.features = nn.Conv2d(3, 8, 3, (8, 2), 1)
        self.recurrent = nn.LSTM(32, 10, bidirectional=True)
        self.embed = nn.Linear(20, 6)
        self.embed_states = nn.Linear(20, 6)

    def forward(self, x):
        x = torch.tanh(self.features(x)).flatten(1, 2).permute(2, 0, 1)
        outputs, (hidden, cells) = self.recurrent(x)
        return self.embed(outputs.mean(0)) + self.embed_states(torch.cat([hidden[-2], cells[-1]], 1))


class GatedRecurrent(SpeechNetwork):
    """A GRU of two layers over frames, both ways, and its largest output of each unit."""

    NAME = "gated-recurrent"
    EXPORTS = (Export(11, batch=1), Export(13, folded=False))

    def __init__(self):
        super().__init__()
        self.norm = nn.LayerNorm(24)
        self.recurrent = nn.GRU(24, 8, 2, batch_first=True, bidirectional=True)
        self.embed = nn.Linear(32, 6)

    def forward(self, x):
        outputs, states = self.recurrent(self.norm(x.transpose(1, 2)[:, ::2]))
        return self.embed(torch.cat([outputs.max(1)[0], states[0], states[-1]], 1))


NETWORKS = [AttentiveStatistics, Conformer, Waveform, ConvolutionalRecurrent, GatedRecurrent]
