import { ARCFACE_TEMPLATE, TEMPLATE_SIDE } from '@cf/data';
import type { PixelForm } from '../engines/pixel-form.ts';
import { sampleShape } from '../engines/pixel-form.ts';
import { machineFacts, readEnvironment } from '../run/environment.ts';
import { type KeptResult, readResults } from '../run/kept-results.ts';
import type { RunFolder } from '../run/run-folder.ts';
import { shownLosses } from '../settings/loss-files.ts';
import type { TrainConfig } from '../settings/train-config.ts';
import { shortName } from './card-markdown.ts';
import type { CardScore, Facts, ModelCard, Preprocessing } from './model-card.ts';

/** What a card tells of how a run was trained. */
export async function runFacts(
  run: RunFolder,
  config: TrainConfig,
  {
    identities,
    step,
    pictures,
  }: { readonly identities: number; readonly step: number; readonly pictures: number | undefined },
): Promise<Pick<ModelCard, 'data' | 'loss' | 'training' | 'scores' | 'environment'>> {
  const { data, loss, evaluation, train: part, seed } = config;
  const shown = await shownLosses(loss);
  const { kind: _, dropSuspects, ...rest } = data;
  const others = Object.entries(rest).filter(([name]) => !['identities', 'root', 'people'].includes(name));
  return {
    data: {
      'pictures from':
        data.kind === 'synthetic' ? 'drawn from a seed: people who do not exist' : shortName(data.root),
      ...(data.kind === 'folder' && data.people !== undefined ? { people: shortName(data.people) } : {}),
      'identities trained on': identities,
      ...(pictures === undefined ? {} : { 'pictures trained on': pictures }),
      ...flat(Object.fromEntries(others)),
      ...(dropSuspects === undefined ? {} : { dropSuspects: shortName(dropSuspects) }),
    },
    loss: { name: shown.name, ...flat(shown.params), 'centers a class': config.subCenters },
    training: {
      part: part === 'all' ? 'all layers' : 'a linear embedding on fixed features',
      steps: step,
      seed,
      ...flat(
        Object.fromEntries(
          [
            'epochs',
            'batch',
            'accumulate',
            'optimiser',
            'learningRate',
            'momentum',
            'weightDecay',
            'schedule',
            'warmupSteps',
            'sampler',
            'augmentation',
          ].flatMap((name) => (name in config ? [[name, config[name as keyof TrainConfig]]] : [])),
        ),
      ),
    },
    scores: (await run.has('results')) ? await scoresOf(run, evaluation) : undefined,
    environment: (await run.has('environment')) ? flat(await readEnvironment(run)) : await machineFacts(),
  };
}

/** How pairs are scored, in a sentence. */
export function protocolText(
  pairs: string | undefined,
  { folds, from }: { readonly folds?: string | undefined; readonly from?: string | undefined },
): string {
  const which = pairs === undefined ? (from ?? 'pairs of people held out of training') : shortName(pairs);
  const scored = folds === undefined ? 'every fold' : `fold ${folds}`;
  return `Verification on ${which}, by the protocol of LFW: each fold is scored at the threshold that is best on all others (${scored} counts); mean ± standard deviation over folds. EER and AUC are over all scored pairs.`;
}

/** How a picture becomes the input of a network. */
export function preprocessingOf(
  input: string,
  form: PixelForm,
  { width, height }: { readonly width: number; readonly height: number },
): Preprocessing {
  return {
    ...form,
    width,
    height,
    range: 255,
    input,
    shape: sampleShape({ width, height }, form),
    alignment: {
      template: 'arcface',
      side: TEMPLATE_SIDE,
      landmarks: ARCFACE_TEMPLATE.map(([x, y]) => [x, y]),
    },
  };
}

async function scoresOf(
  run: RunFolder,
  { pairs, pairsFolds }: TrainConfig['evaluation'],
): Promise<ModelCard['scores']> {
  const results = await readResults(run);
  return { protocol: protocolText(pairs, { folds: pairsFolds }), models: results.map(cardScore) };
}

/** The part of a result that cards tell. */
export function cardScore({ name, accuracy, std, scoredPairs }: KeptResult): CardScore {
  const { genuinePairs, impostorPairs, auc, eer, tarAtFar } = scoredPairs;
  return {
    name,
    accuracy,
    std,
    pairs: genuinePairs + impostorPairs,
    auc,
    eer,
    tarAtFar: tarAtFar.map(({ far, tar, threshold }) => ({ far, tar, threshold })),
  };
}

/** Facts as texts: what is inside others is JSON. */
function flat(values: object): Facts {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : value]),
  );
}
