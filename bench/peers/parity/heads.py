"""CurricularFace, ArcFace and NormFace in eager PyTorch, op by op as their authors' releases compute them."""

import math

import torch
from torch import nn
from torch.nn import functional

LOSSES = ("curricularface", "arcface", "normface")


class MarginHead(nn.Module):
    """Logits [B, C] of embeddings [B, d], for a cross-entropy.

    After each step `diagnostics` holds the mean target cosine and, for CurricularFace, t, the share of the negatives
    that are hard, and the share of the hard ones that are emphasised (t + cos > 1).
    """

    def __init__(self, classes, dim, loss="curricularface", scale=64.0, margin=0.5, alpha=0.01):
        super().__init__()
        if loss not in LOSSES:
            raise ValueError(f"loss {loss!r}, expected one of {', '.join(LOSSES)}")
        # One class a row.
        self.weight = nn.Parameter(torch.empty(classes, dim))
        nn.init.normal_(self.weight, std=0.01)
        self.register_buffer("t", torch.zeros(1))
        self.loss, self.scale, self.alpha = loss, scale, alpha
        self.cos_margin, self.sin_margin = math.cos(margin), math.sin(margin)
        # Past theta = pi - margin the target logit goes on as a straight line.
        self.threshold = math.cos(math.pi - margin)
        self.drop = math.sin(math.pi - margin) * margin
        self.diagnostics = {}

    def forward(self, embeddings, labels):
        cosines = torch.mm(functional.normalize(embeddings, dim=1), functional.normalize(self.weight, dim=1).t())
        cosines = cosines.clamp(-1, 1)
        target = cosines[torch.arange(len(labels)), labels].view(-1, 1)
        self.diagnostics = {"meanTargetCosine": target.mean().item()}
        if self.loss == "normface":
            return cosines * self.scale
        sine = torch.sqrt(1.0 - torch.pow(target, 2))
        with_margin = target * self.cos_margin - sine * self.sin_margin
        final = torch.where(target > self.threshold, with_margin, target - self.drop)
        if self.loss == "curricularface":
            self.modulate(cosines, target, with_margin)
        return cosines.scatter(1, labels.view(-1, 1), final) * self.scale

    def modulate(self, cosines, target, with_margin):
        """Moves t, then makes cos * (t + cos) of the hard negatives, in place."""
        hard = cosines > with_margin
        with torch.no_grad():
            self.t = target.mean() * self.alpha + (1 - self.alpha) * self.t
            # The target is above its own pivot, and not a negative.
            hard_negatives = hard.sum().item() - len(target)
            emphasised = (hard & (cosines + self.t > 1)).sum() - (target + self.t > 1).sum()
            self.diagnostics["t"] = self.t.item()
            self.diagnostics["hardShare"] = hard_negatives / (cosines.numel() - len(target))
            self.diagnostics["emphasisedShare"] = emphasised.item() / max(1, hard_negatives)
        picked = cosines[hard]
        cosines[hard] = picked * (self.t + picked)
