import { openModel, similarity } from './model.js';

const [first, second, score] = ['first', 'second', 'score'].map((id) => document.getElementById(id));
const model = await openModel('model/model.onnx').catch((error) => {
  score.textContent = `No model: npm run train (${error.message})`;
  throw error;
});
score.textContent = 'Choose two pictures.';

for (const input of [first, second]) input.addEventListener('change', compare);

async function compare() {
  const files = [first.files[0], second.files[0]];
  if (files.includes(undefined)) return;
  score.textContent = '…';
  try {
    const [a, b] = [await model.embed(files[0]), await model.embed(files[1])];
    score.textContent = `cosine similarity ${similarity(a, b).toFixed(3)} (the card of the model has thresholds)`;
  } catch (error) {
    score.textContent = `No score: ${error.message}`;
  }
}
