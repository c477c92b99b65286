// Trains an embedding on drawn faces by a pair loss and by a proxy loss, and prints how well it finds strangers.
import { tinyIresnet } from '@cf/backbones';
import { createRandom } from '@cf/core';
import { identitySampler } from '@cf/data';
import { openPictureStream } from '@cf/data/node';
import { type RetrievalReport, retrieve } from '@cf/eval';
import { createTrainingSession, encodeModel, onnxModel } from '@cf/onnx';
import { adamw, arrayOptimiser, learnerOptimiser } from '@cf/training';
import * as runtime from 'onnxruntime-node';
import { multiSimilarity, proxyAnchor } from './losses.ts';
import { pairLoss, proxyLoss } from './similarity-loss.ts';

const SIDE = 32;
const DIM = 64;
const PEOPLE = 40;
const PICTURES = 8;
const RATE = 1e-3;
const PROXY_RATE = 0.1;
/** Softer than the authors' α = 32, for a small network and sixty steps. */
const PROXY_LOSS = proxyAnchor({ alpha: 4 });

/** Pictures of some drawn people, and who is on each. */
async function drawn(from: number, to: number) {
  const labels = Int32Array.from({ length: (to - from) * PICTURES }, (_, i) => Math.floor(i / PICTURES));
  const sources = Array.from(labels, (person, i) => ({
    kind: 'drawn' as const,
    seed: 1,
    difficulty: 1,
    identityIndex: from + person,
    imageIndex: i % PICTURES,
  }));
  const stream = await openPictureStream(sources, { width: SIDE, height: SIDE, channels: 3 });
  return { labels, stream };
}

export interface Trained {
  readonly before: RetrievalReport;
  readonly after: RetrievalReport;
}

/** @param epochs of ten steps of P × K = 8 × 4 pictures */
export async function train(kind: 'pair' | 'proxy', epochs: number): Promise<Trained> {
  const known = await drawn(0, PEOPLE);
  const strangers = await drawn(PEOPLE, PEOPLE + 20);
  const session = await createTrainingSession({
    runtime,
    model: onnxModel(tinyIresnet({ inputSize: SIDE, embeddingSize: DIM, dropout: 0, seed: 1 })),
    optimiser: learnerOptimiser({ rule: adamw(), weightDecay: 1e-4 }),
    seed: 1,
  });
  const random = createRandom(1);
  const proxies = Float32Array.from({ length: PEOPLE * DIM }, () => random.normal());
  const proxyOptimiser = arrayOptimiser(adamw(), 1e-4);
  const moments = proxyOptimiser.first(proxies);

  /** By the network as it will be used: running statistics instead of the batch's. */
  const measure = async (): Promise<RetrievalReport> => {
    const { labels, stream } = strangers;
    const network = await runtime.InferenceSession.create(encodeModel(session.exportModel()));
    const samples = Uint32Array.from(labels.keys());
    const reports: RetrievalReport[] = [];
    for await (const values of stream.batches([{ samples }])) {
      const pixels = new runtime.Tensor('float32', values, [labels.length, 3, SIDE, SIDE]);
      const outputs = await network.run({ [network.inputNames[0]!]: pixels });
      const embeddings = outputs[network.outputNames[0]!]!.data as Float32Array;
      reports.push(retrieve({ embeddings, dim: DIM, labels }));
    }
    await network.release();
    return reports[0]!;
  };

  const before = await measure();
  const sampler = identitySampler({ labels: known.labels, identities: 8, images: 4, seed: 1 });
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const batches = sampler.batches(epoch);
    let next = 0;
    for await (const values of known.stream.batches(batches.map((samples) => ({ samples })))) {
      const labels = Int32Array.from(batches[next++]!, (i) => known.labels[i]!);
      const shape = [labels.length, 3, SIDE, SIDE];
      const embeddings = await session.forward({ values, shape, step: step++, position: 0 });
      if (kind === 'pair') {
        await session.backward(pairLoss(multiSimilarity(), embeddings, labels).gradEmbeddings);
      } else {
        const gradient = proxyLoss(PROXY_LOSS, embeddings, labels, proxies, PEOPLE);
        await session.backward(gradient.gradEmbeddings);
        // Proxies learn faster than the network, a hundred times with their authors.
        const moved = { weight: proxies, gradient: gradient.gradProxies, state: moments };
        proxyOptimiser.update({ ...moved, learningRate: PROXY_RATE, updateNumber: step });
      }
      await session.update(RATE);
    }
  }
  const after = await measure();
  await Promise.all([session.dispose(), known.stream.close(), strangers.stream.close()]);
  return { before, after };
}

if (import.meta.main) {
  for (const kind of ['pair', 'proxy'] as const) {
    const { before, after } = await train(kind, 6);
    for (const [when, { precisionAt1, rPrecision, mapAtR }] of [
      ['before', before],
      ['after', after],
    ] as const)
      console.log(
        `${kind} loss, ${when}: precision@1 ${precisionAt1.toFixed(3)}, R-precision ${rPrecision.toFixed(3)}, MAP@R ${mapAtR.toFixed(3)}`,
      );
  }
}
