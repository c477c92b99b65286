import { tinyIresnet } from '@cf/backbones';
import { metadataOf, onnxModel } from '@cf/onnx';
import { expect, test } from 'vitest';
import { cardMarkdown, type ModelCard, withCard } from '../index.ts';

test("a card of one's own goes into the file and onto a page", () => {
  const card: ModelCard = {
    name: 'mine.onnx',
    model: { network: 'tiny-iresnet', output: 'features', embeddingSize: 8, parameters: 1234 },
    preprocessing: undefined,
    licence: 'mit',
    data: { identities: 7 },
    loss: undefined,
    training: undefined,
    scores: undefined,
    environment: { node: '24' },
  };
  const text = cardMarkdown(card);
  expect(text).toMatch(/^---\n[^§]*\nlicense: "mit"\n/);
  expect(text).toContain('1,234 parameters');
  const network = onnxModel(tinyIresnet({ inputSize: 16, embeddingSize: 8, weights: 'zeros' }));
  const carded = withCard(network, card);
  expect(JSON.parse(metadataOf(carded, 'cf.data')!)).toEqual({ identities: 7 });
  expect(metadataOf(carded, 'cf.loss')).toBeUndefined();
});
