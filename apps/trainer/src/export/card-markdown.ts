import { basename } from 'node:path';
import { pixelText } from '../engines/pixel-form.ts';
import { signedText } from '../report/number-text.ts';
import { markdownTable } from '../report/text-table.ts';
import type {
  CardScore,
  Facts,
  MeasuredFile,
  ModelCard,
  Preprocessing,
  QuantisationFacts,
} from './model-card.ts';
import { browserCode, nodeCode, SIMILARITY_CODE } from './usage-code.ts';

/** A card as Markdown, in the sections of Hugging Face's model cards. */
export function cardMarkdown(card: ModelCard): string {
  const { name, model, preprocessing, licence, data, loss, training, scores, environment, quantisation } =
    card;
  const what = preprocessing === undefined ? 'features' : 'aligned pictures of faces';
  const sections = [
    frontMatter(licence),
    `# ${name}`,
    `A network of ${what}, in ONNX: \`${model.network}\`, ${model.parameters.toLocaleString('en')} parameters. It gives one vector of ${model.embeddingSize} numbers (\`${model.output}\`), not normalised; the cosine between two tells whether they are of one person. Made by cf (\`@cf/trainer\`). All that stands here is in the file's metadata too, as JSON under \`cf.*\`.`,
    '## Intended use and limits',
    LIMITS,
    '## Preprocessing',
    preprocessing === undefined
      ? 'The input is a vector of features; which ones, `cf.features` in the metadata tells.'
      : preprocessingText(preprocessing),
    ...usage(card),
    '## Training data',
    data === undefined ? 'Not known here: the file was not trained by the run that exported it.' : list(data),
    '## Training procedure',
    loss === undefined ? 'Not known here.' : `### Loss\n\n${list(loss)}`,
    ...(training === undefined ? [] : [`### Optimisation\n\n${list(training)}`]),
    '## Evaluation',
    scores === undefined
      ? 'Not scored in this export.'
      : `${scores.protocol}\n\n${scoreTable(scores.models)}\n\n${farTable(scores.models[0]!)}`,
    ...(quantisation === undefined ? [] : ['## Quantisation', quantisationText(quantisation)]),
    '## Licence',
    licence === undefined
      ? 'None is stated. Without one, nobody but its authors may use or pass on the model; the licence of the pictures may say more.'
      : `${oneLine(licence)}. The licence of the pictures may say more.`,
    '## Environment',
    list(environment),
  ];
  return `${sections.join('\n\n')}\n`;
}

const LIMITS = `Made for comparing pictures of faces that are aligned as below: are two of one person, and who of a list is the nearest. It was trained and scored on the data below alone: people, ages, light and cameras that are not in it may be told apart less well, and error rates differ between groups of people. Choose the threshold on pictures like yours, at the false accept rate that you can bear. It is not made for deciding on its own about anybody's rights, and says nothing of age, sex, feeling or character. Embeddings are personal data where the pictures are.`;

function frontMatter(licence: string | undefined): string {
  const lines = [
    'library_name: onnxruntime',
    'pipeline_tag: image-feature-extraction',
    ...(licence === undefined ? [] : [`license: ${JSON.stringify(oneLine(licence).toLowerCase())}`]),
    'tags:',
    '  - face-recognition',
    '  - onnx',
  ];
  return `---\n${lines.join('\n')}\n---`;
}

function preprocessingText(given: Preprocessing): string {
  const { width, height, input, shape, alignment } = given;
  return list({
    input: `${input} [N, ${shape.join(', ')}], float32`,
    size: `${width} × ${height} (width × height)`,
    pixels: pixelText(given),
    alignment: `five landmarks on ArcFace's template, in ${alignment.side} × ${alignment.side}: ${alignment.landmarks.map((point) => `(${point.join(', ')})`).join(', ')}; scaled with the picture. \`cf data align\` makes such crops of photographs`,
  });
}

function usage({ model: { output }, preprocessing, quantisation }: ModelCard): readonly string[] {
  if (preprocessing === undefined) return [];
  const on = (file: string) => ({ file, output, preprocessing });
  const smaller = quantisation === undefined ? '' : `; the same lines run \`${quantisation.quantised.file}\``;
  return [
    '## How to use',
    `In Node (\`npm install onnxruntime-node sharp\`)${smaller}:`,
    fenced('js', nodeCode(on('model.onnx'))),
    'In a browser (`npm install onnxruntime-web`):',
    fenced('js', browserCode(on('/model.onnx'))),
    fenced('js', SIMILARITY_CODE),
  ];
}

function scoreTable(models: readonly CardScore[]): string {
  const rows = models.map(({ name, accuracy, std, pairs, auc, eer }) => [
    oneLine(name),
    `${accuracy.toFixed(4)} ± ${std.toFixed(4)}`,
    auc.toFixed(4),
    eer.toFixed(4),
    `${pairs}`,
  ]);
  return markdownTable({ columns: ['model', 'accuracy', 'AUC', 'EER', 'pairs'], rows });
}

function farTable({ tarAtFar }: CardScore): string {
  const known = tarAtFar.filter(({ tar }) => tar !== null);
  const rows = known.map(({ far, tar, threshold }) => [
    far.toExponential(0),
    tar!.toFixed(4),
    threshold === null ? '' : threshold.toFixed(4),
  ]);
  return markdownTable({ columns: ['false accept rate', 'true accept rate', 'threshold (cosine)'], rows });
}

function quantisationText(facts: QuantisationFacts): string {
  const { float, quantised, cosine, method, calibrationPictures, weights, protocol } = facts;
  const row = ({ file, bytes, milliseconds, score }: MeasuredFile): string[] => [
    `\`${file}\``,
    sizeText(bytes),
    `${milliseconds.toPrecision(3)} ms`,
    `${score.accuracy.toFixed(4)} ± ${score.std.toFixed(4)}`,
    score.auc.toFixed(4),
    score.eer.toFixed(4),
  ];
  return [
    `\`${quantised.file}\` computes ${layersText(facts)}: activations in uint8, ranges by \`${method}\` on ${calibrationPictures} pictures that are not scored; weights in ${weights}, a scale for each channel; all else in float32. ${lostText(facts)}`,
    markdownTable({
      columns: ['file', 'size', 'a picture, one thread', 'accuracy', 'AUC', 'EER'],
      rows: [row(float), row(quantised)],
    }),
    `${protocol} The cosine between a picture's embeddings by both files is ${cosine.mean.toFixed(4)} in the mean and ${cosine.least.toFixed(4)} at least.`,
  ].join('\n\n');
}

/** Such as `31 of 33 layers with weights in bytes (in float32: 2 PRelu)`. */
export function layersText({
  layers,
  floatLayers,
}: Pick<QuantisationFacts, 'layers' | 'floatLayers'>): string {
  const left = Object.entries(floatLayers);
  const all = left.reduce((sum, [, count]) => sum + count, layers);
  const kinds = left.map(([kind, count]) => `${count} ${kind}`).join(', ');
  return `${layers} of ${all} layers with weights in bytes${kinds === '' ? '' : ` (in float32: ${kinds})`}`;
}

/** What quantisation cost, in a sentence. */
export function lostText({ float, quantised }: Pick<QuantisationFacts, 'float' | 'quantised'>): string {
  const change = (of: 'accuracy' | 'auc' | 'eer'): string =>
    signedText(quantised.score[of] - float.score[of]);
  return `Measured on the same pairs: accuracy ${change('accuracy')}, AUC ${change('auc')}, EER ${change('eer')}.`;
}

/** Bytes as MB. */
export function sizeText(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

function list(facts: Facts): string {
  return Object.entries(facts)
    .map(([name, value]) => `- ${name}: ${oneLine(String(value))}`)
    .join('\n');
}

function fenced(language: string, code: string): string {
  return `\`\`\`${language}\n${code}\`\`\``;
}

/** Names and texts that were given end no line, and begin no HTML. */
function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replaceAll('<', '&lt;');
}

/** The last part of a path: a card tells no folder of whoever made it. */
export function shortName(path: string): string {
  return basename(path);
}
