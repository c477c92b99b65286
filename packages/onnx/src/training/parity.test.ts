import * as runtime from 'onnxruntime-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { compareCurves, compareGradients } from '../../../../bench/peers/parity/compare.ts';
import { firstWeights, type Trace, trainHere } from '../../../../bench/peers/parity/here.ts';
import { DEFAULT_TASK, drawData, type ParityTask } from '../../../../bench/peers/parity/task.ts';
import { findTorch, type TorchTrace, trainInTorch } from '../../../../bench/peers/parity/torch.ts';
import { onnxBackend } from '../head/onnx-backend.ts';
import { kernelsNow, onEachKernels } from './testing.ts';

/** Milliseconds: on a busy machine PyTorch alone takes long to load. */
const TIMEOUT = 300_000;
const python = findTorch();
const task: ParityTask = { ...DEFAULT_TASK, batch: 8, classes: 6, steps: 3, threads: 1 };
const data = drawData(task);

onEachKernels(() => {
  /** A short version of bench/peers/parity/step-parity.ts. */
  describe.skipIf(python === undefined)('tiny-iresnet with CurricularFace and SGD (needs PyTorch)', () => {
    let peer: TorchTrace;
    let ours: Trace;

    const train = async (changed: Partial<ParityTask> = {}): Promise<Trace> => {
      const backend = await onnxBackend({ runtime, threads: 1 });
      const trace = await trainHere(
        { runtime, ...kernelsNow() },
        backend,
        { ...task, ...changed },
        drawData({ ...task, ...changed }),
        peer.start,
      );
      await backend.dispose();
      return trace;
    };

    beforeAll(async () => {
      peer = await trainInTorch(python!, task, data, firstWeights(task, data), 3);
      ours = await train();
    }, TIMEOUT);

    test('starts with the gradients of PyTorch', () => {
      const { firstGradients, exactGradients } = peer;
      const gradients = compareGradients(ours.firstGradients, firstGradients, exactGradients);
      expect(gradients).toHaveLength(59);
      for (const { name, largest, norm, ownRounding } of gradients) {
        // PyTorch's own is 8e-6.
        expect(ownRounding, name).toBeLessThan(2e-5);
        expect(largest, name).toBeLessThan(1e-4);
        expect(norm, name).toBeLessThan(1e-4);
      }
    });

    test("goes on as PyTorch's losses and t do", () => {
      for (const { step, difference, peer: loss } of compareCurves(ours.losses, peer.losses, [])) {
        expect(difference / loss, `step ${step}`).toBeLessThan(step === 1 ? 1e-6 : 1e-3);
        expect(Math.abs(ours.ts[step - 1]! - peer.ts[step - 1]!)).toBeLessThan(1e-5);
      }
    });

    test.each([
      ['momentum', { momentum: 0 }],
      ['learning rate', { learningRate: 0.11 }],
      ['weight decay', { weightDecay: 0 }],
      ['weight of a batch in t', { alpha: 0.1 }],
    ])(
      'would notice another %s',
      async (_, changed) => {
        const { losses } = await train(changed);
        const curve = compareCurves(losses, peer.losses, peer.perturbedLosses);
        expect(curve.some(({ difference, envelope }) => difference > 3 * envelope)).toBe(true);
      },
      TIMEOUT,
    );
  });
});
