import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { compileMarginModel, embeddingModel, marginHeadOf } from '../../layers.ts';

await tf.ready();
const [identities, length] = [10, 64];
const tones = Array.from({ length: identities }, () => [1, 2, 3, 5, 8].map(() => Math.random() - 0.5));
const record = (id) => {
  const [gain, shift] = [0.5 + Math.random(), 0.3 * Math.random()];
  return Array.from({ length }, (_, n) => {
    const at = (2 * Math.PI * n) / length + shift;
    const wave = tones[id].reduce((sum, tone, k) => sum + tone * Math.sin((k + 1) * at), 0);
    return gain * wave + 0.1 * (Math.random() - 0.5);
  });
};
const recordings = (count) => {
  const labels = Array.from({ length: count }, (_, i) => i % identities);
  return { x: tf.tensor2d(labels.map(record)), y: tf.tensor1d(labels, 'int32') };
};

const backbone = sequential();
backbone.add(layers.dense({ units: 64, activation: 'relu', inputShape: [length] }));
backbone.add(layers.dense({ units: 16 }));
const model = compileMarginModel(backbone, {
  loss: { loss: 'curricularface', params: { scale: 16, margin: 0.3 } },
  classes: identities,
  optimizer: tf.train.adam(0.01),
  metrics: ['accuracy', 't'],
});
const [train, unseen] = [recordings(320), recordings(100)];
await model.fit(train.x, train.y, {
  epochs: 15,
  batchSize: 32,
  validationData: [unseen.x, unseen.y],
  verbose: 0,
});

const [loss, accuracy] = model.evaluate(unseen.x, unseen.y, { batchSize: 100 });
console.log('loss', (await loss.data())[0], 'accuracy', (await accuracy.data())[0]);
console.log('state', (await marginHeadOf(model).readState()).values);
console.log('embedding', embeddingModel(model).predict(unseen.x).shape);
