import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLoss, createRandom, type MarginLoss, referenceStep } from '@cf/core';
import { tensorBytes, tensorsOfBytes } from '@cf/data';
import {
  type FirstStateOptions,
  firstHeadState,
  type HeadState,
  headOfPublished,
  type PublishedCenters,
  publishedHead,
  sgd,
} from '@cf/training';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** A Python with PyTorch (Debian's python3-torch), if it is here. */
const PYTHON = ['/usr/bin/python3', 'python3'].find((python) => {
  const found = "import importlib.util as u, sys; sys.exit(u.find_spec('torch') is None)";
  return spawnSync(python, ['-c', found]).status === 0;
});

/** Heads with the names and shapes of the published modules, written from the papers, and one step of each. */
const SCRIPT = `
import json, math, struct, sys
import torch
from torch import nn
import torch.nn.functional as F

def read(path):
    data = open(path, 'rb').read()
    size, = struct.unpack_from('<Q', data)
    out = {}
    for name, place in json.loads(data[8:8 + size]).items():
        if name != '__metadata__':
            begin, end = place['data_offsets']
            kind = {'F32': torch.float32, 'F64': torch.float64}[place['dtype']]
            flat = torch.frombuffer(bytearray(data[8 + size + begin:8 + size + end]), dtype=kind)
            out[name] = flat.reshape(place['shape'])
    return out

def write(path, tensors):
    header, parts, at = {}, [], 0
    for name, tensor in tensors.items():
        raw = tensor.detach().contiguous().numpy().tobytes()
        kind = {torch.float32: 'F32', torch.float64: 'F64'}[tensor.dtype]
        header[name] = {'dtype': kind, 'shape': list(tensor.shape), 'data_offsets': [at, at + len(raw)]}
        parts.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    open(path, 'wb').write(struct.pack('<Q', len(text)) + text + b''.join(parts))

class Kernel(nn.Module):
    """CurricularFace: class centers in the columns, t a buffer."""
    def __init__(self, dim, classes):
        super().__init__()
        self.kernel = nn.Parameter(torch.empty(dim, classes))
        self.register_buffer('t', torch.zeros(1))
    def forward(self, x, labels):
        cos = F.normalize(x) @ F.normalize(self.kernel, dim=0)
        own = cos.gather(1, labels[:, None])
        with torch.no_grad():
            self.t.copy_(0.01 * own.mean() + 0.99 * self.t)
        m = 0.5
        shifted = own * math.cos(m) - (1 - own * own).clamp(min=0).sqrt() * math.sin(m)
        hard = cos > shifted.detach()
        logits = torch.where(hard, cos * (self.t + cos), cos)
        target = torch.where(own > math.cos(math.pi - m), shifted, own - m * math.sin(math.pi - m))
        return F.cross_entropy(64 * logits.scatter(1, labels[:, None], target), labels)

class Weight(nn.Module):
    """CosFace: class centers in the rows."""
    def __init__(self, dim, classes):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(classes, dim))
    def forward(self, x, labels):
        cos = F.linear(F.normalize(x), F.normalize(self.weight))
        return F.cross_entropy(64 * (cos - 0.35 * F.one_hot(labels, cos.shape[1]).to(cos.dtype)), labels)

args = sys.argv[1:]
while args:
    module, given, path = args[:3]
    del args[:3]
    tensors = read(given)
    x, labels = tensors.pop('x'), tensors.pop('labels').long()
    dim = x.shape[1]
    classes = next(t for n, t in tensors.items() if n == module).numel() // dim
    head = {'kernel': Kernel, 'weight': Weight}[module](dim, classes).double()
    head.load_state_dict(tensors, strict=True)
    loss = head(x, labels)
    loss.backward()
    centers = getattr(head, module)
    write(path, {'loss': loss.reshape(1), 'gradient': centers.grad})
    with torch.no_grad():
        centers -= 0.1 * centers.grad
    write(path + '.after', head.state_dict())
`;

const [CLASSES, DIM, BATCH] = [5, 4, 6];
const random = createRandom('pytorch');
const x = Float64Array.from({ length: BATCH * DIM }, () => random.normal());
const labels = Float64Array.of(0, 3, 1, 4, 4, 2);

const HEADS = [
  { as: 'kernel', loss: createLoss('curricularface', { scale: 64, tInitial: 0.3 }) },
  { as: 'weight', loss: createLoss('cosface', { scale: 64 }) },
] as const;

/** A head whose class centers have lengths near 1. */
function headOf(loss: MarginLoss): { readonly options: FirstStateOptions; readonly state: HeadState } {
  const options = { loss, classes: CLASSES, embeddingSize: DIM, rule: sgd(), seed: 1 };
  const state = firstHeadState({ ...options, precision: 'float64' });
  const { values } = state.centers;
  values.set(values.map((value) => 100 * value));
  return { options: { ...options, precision: 'float64' }, state };
}

describe.skipIf(PYTHON === undefined)('a head goes to PyTorch and back (needs python3-torch)', () => {
  let folder: string;
  const place = (as: PublishedCenters, what: 'given' | 'found' | 'found.after'): string =>
    join(folder, `${as}.${what}`);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pytorch-'));
    for (const { as, loss } of HEADS) {
      const batch = [
        ['x', { shape: [BATCH, DIM], data: x }],
        ['labels', { shape: [BATCH], data: labels }],
      ] as const;
      const tensors = new Map([...publishedHead(headOf(loss).state, as), ...batch]);
      await writeFile(place(as, 'given'), tensorBytes(tensors));
    }
    // One process: to import PyTorch takes most of the time.
    const given = HEADS.flatMap(({ as }) => [as, place(as, 'given'), place(as, 'found')]);
    const { status, stderr } = spawnSync(PYTHON!, ['-c', SCRIPT, ...given], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(HEADS)(
    'with its class centers as $as: the same loss, gradient and t, and its step',
    async ({ as, loss }) => {
      const { options, state } = headOf(loss);
      const { values } = state.centers;
      const { lossState } = state;
      const expected = referenceStep(loss, {
        embeddings: x,
        weights: values,
        labels,
        dim: DIM,
        state: lossState,
      });
      const found = tensorsOfBytes(await readFile(place(as, 'found')));
      expect(found.get('loss')!.data[0]).toBeCloseTo(expected.loss, 10);
      const gradient = found.get('gradient')!;
      expect(gradient.shape).toEqual(as === 'kernel' ? [DIM, CLASSES] : [CLASSES, DIM]);
      const after = headOfPublished(tensorsOfBytes(await readFile(place(as, 'found.after'))), options);
      for (const [at, value] of after.centers.values.entries()) {
        const [c, k] = [Math.floor(at / DIM), at % DIM];
        const ours = expected.gradWeights[at]!;
        expect(gradient.data[as === 'kernel' ? k * CLASSES + c : at]).toBeCloseTo(ours, 9);
        expect(value).toBeCloseTo(values[at]! - 0.1 * ours, 9);
      }
      expect(after.lossState.values).toEqual({
        step: 0,
        ...(as === 'kernel' && { t: expect.closeTo(expected.state.values.t!, 12) }),
      });
      if (as === 'kernel') expect(after.lossState.values.t).not.toBe(0.3);
    },
  );
});
