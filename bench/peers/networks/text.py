"""Networks of text: what goes in are tokens, integers."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from exports import Export

LENGTH = 20
TOKENS = 50


class TextNetwork(nn.Module):
    """A network of 20 tokens: sentences of several lengths that end with the last token of all, then token 0."""

    @staticmethod
    def example(batch):
        tokens = torch.randint(1, TOKENS - 1, (batch, LENGTH))
        for i, sentence in enumerate(tokens):
            end = LENGTH - 1 - 3 * i
            sentence[end] = TOKENS - 1
            sentence[end + 1 :] = 0
        return tokens


class SentenceEncoder(TextNetwork):
    """An encoder whose mask follows from the tokens, and the mean over those that are no padding (BERT)."""

    NAME = "sentence-encoder"
    EXPORTS = (Export(11), Export(13, folded=False), Export(16))

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(TOKENS, 16, padding_idx=0)
        self.positions = nn.Embedding(40, 16)
        self.kinds = nn.Embedding(2, 16)
        self.norm = nn.LayerNorm(16, eps=1e-12)
        self.query, self.key, self.value = nn.Linear(16, 16), nn.Linear(16, 16), nn.Linear(16, 16)
        self.output = nn.Linear(16, 16)
        self.attention_norm = nn.LayerNorm(16, eps=1e-12)
        self.widen = nn.Linear(16, 32)
        self.narrow = nn.Linear(32, 16)
        self.last_norm = nn.LayerNorm(16, eps=1e-12)
        self.embed = nn.Linear(16, 8)
        self.register_buffer("places", torch.arange(40).unsqueeze(0))

    def heads(self, x):
        return x.view(*x.shape[:-1], 4, 4).permute(0, 2, 1, 3)

    def forward(self, tokens):
        mask = (tokens != 0).to(self.norm.weight.dtype)
        places = self.places[:, : tokens.size(1)]
        x = self.norm(self.tokens(tokens) + self.kinds(torch.zeros_like(tokens)) + self.positions(places))
        hidden = (1 - mask[:, None, None, :]) * -10000.0
        scores = self.heads(self.query(x)) @ self.heads(self.key(x)).transpose(-1, -2) / 2 + hidden
        attended = (scores.softmax(-1) @ self.heads(self.value(x))).permute(0, 2, 1, 3).contiguous()
        x = self.attention_norm(self.output(attended.view(*attended.shape[:-2], 16)) + x)
        x = self.last_norm(self.narrow(F.gelu(self.widen(x))) + x)
        kept = mask.unsqueeze(-1).expand(x.size())
        x = (x * kept).sum(1) / kept.sum(1).clamp(min=1e-9)
        return F.normalize(self.embed(x))


class CaptionEncoder(TextNetwork):
    """A transformer that looks back only; the embedding is taken at the end of the text, found by argmax (CLIP)."""

    NAME = "caption-encoder"
    EXPORTS = (Export(12), Export(14, folded=False))

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(TOKENS, 16)
        self.positions = nn.Parameter(torch.randn(LENGTH, 16) * 0.1)
        self.norm = nn.LayerNorm(16)
        self.attention = nn.MultiheadAttention(16, 2)
        self.second_norm = nn.LayerNorm(16)
        self.widen = nn.Linear(16, 32)
        self.narrow = nn.Linear(32, 16)
        self.projection = nn.Parameter(torch.randn(16, 8) * 0.2)
        self.log_scale = nn.Parameter(torch.tensor(0.7))
        self.register_buffer("later", torch.full((LENGTH, LENGTH), float("-inf")).triu(1))

    def forward(self, tokens):
        x = (self.tokens(tokens) + self.positions).permute(1, 0, 2)
        normed = self.norm(x)
        x = x + self.attention(normed, normed, normed, need_weights=False, attn_mask=self.later)[0]
        wide = self.widen(self.second_norm(x))
        x = (x + self.narrow(wide * torch.sigmoid(1.702 * wide))).permute(1, 0, 2)
        x = x[torch.arange(x.shape[0]), tokens.argmax(dim=-1)] @ self.projection
        return x / x.norm(dim=-1, keepdim=True) * self.log_scale.exp()


class LatentReader(TextNetwork):
    """Learnt queries that read tokens by attention over what is no padding (Perceiver)."""

    NAME = "latent-reader"
    EXPORTS = (Export(13), Export(15, folded=False, batch=4))

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(TOKENS, 16)
        self.queries = nn.Parameter(torch.randn(4, 16) * 0.3)
        self.read = nn.MultiheadAttention(16, 2, batch_first=True)
        self.think = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True)
        self.embed = nn.Linear(64, 8)

    def forward(self, tokens):
        x = self.tokens(tokens)
        queries = self.queries.unsqueeze(0).repeat(tokens.shape[0], 1, 1)
        x = queries + self.read(queries, x, x, key_padding_mask=tokens == 0)[0]
        return self.embed(self.think(x).flatten(1))


NETWORKS = [SentenceEncoder, CaptionEncoder, LatentReader]
