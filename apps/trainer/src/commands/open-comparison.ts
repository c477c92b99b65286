import type { Comparison } from '../comparison/comparison.ts';
import {
  type AskedComparison,
  DEFAULT_SEEDS,
  readComparisonFile,
  seedsOf,
  variantName,
} from '../comparison/comparison-file.ts';
import { hasComparison, readComparison } from '../comparison/comparison-folder.ts';
import { editsOf, resolveComparison } from '../comparison/resolve-comparison.ts';
import { RunFolderError, UsageError } from '../errors.ts';
import type { TrainFlags } from '../settings/fields.ts';
import { shownLoss, withLossFiles } from '../settings/loss-files.ts';

/** The flags of `cf compare`. */
export interface CompareFlags extends TrainFlags {
  readonly losses?: string;
  readonly seeds?: string;
  readonly baseline?: string;
}

/** The comparison as it is asked for, and its folder. */
export async function openComparison(
  flags: CompareFlags,
  say: (line: string) => void,
): Promise<{ readonly comparison: Comparison; readonly folder: string | undefined }> {
  const { resume, out } = flags;
  if (resume === undefined) {
    const comparison = resolveComparison(await askedFor(flags));
    if (out !== undefined && (await hasComparison(out))) throw await begunAlready(out, comparison);
    return { comparison, folder: out };
  }
  if (out !== undefined)
    throw new UsageError('--resume with --out', 'one of them', 'a comparison that goes on keeps its folder.');
  const before = await readComparison(resume);
  const { losses, config, seeds, baseline, ...rest } = flags;
  const ofTrainings = Object.keys(rest).filter((name) => !BESIDE_RESUME.has(name));
  if (losses === undefined && config === undefined) {
    if (ofTrainings.length > 0)
      throw new UsageError(
        `--resume with settings of the trainings (${ofTrainings.join(', ')})`,
        'the settings that it has',
        'begin another comparison with --out.',
      );
    const asked = { ...before, ...(seeds === undefined ? {} : { seeds: seedsOf(seeds, '--seeds') }) };
    const names = before.variants.map(({ name }) => name);
    if (baseline !== undefined && !names.includes(baseline))
      throw new UsageError(`--baseline ${baseline}`, `one of ${names.join(', ')}`, 'name a variant.');
    return { comparison: { ...asked, baseline: baseline ?? before.baseline }, folder: resume };
  }
  const now = resolveComparison(await askedFor(flags));
  const { changed, added, removed } = editsOf(before, now);
  if (changed.length > 0)
    throw new RunFolderError(
      `--resume '${resume}', which is another comparison: ${changed.join('; ')}`,
      'the variants as they were begun',
      'give the changed variant another name, or begin another comparison with --out.',
    );
  if (added.length > 0) say(`new in the comparison: ${added.join(', ')}`);
  if (removed.length > 0) say(`no longer in the comparison, their runs stay: ${removed.join(', ')}`);
  return { comparison: now, folder: resume };
}

const BESIDE_RESUME = new Set(['resume', 'json', 'dryRun']);

async function begunAlready(folder: string, now: Comparison): Promise<RunFolderError> {
  const { changed, added, removed } = editsOf(await readComparison(folder), now);
  const told = [
    ...changed,
    ...(added.length > 0 ? [`new ${added.join(', ')}`] : []),
    ...(removed.length > 0 ? [`without ${removed.join(', ')}`] : []),
  ];
  return new RunFolderError(
    `'${folder}', which holds a comparison${told.length === 0 ? ', the same one' : ` that differs: ${told.join('; ')}`}`,
    'a new or empty folder',
    `choose another --out, or go on with it: cf compare --resume ${folder}`,
  );
}

/** What flags and file ask for together. */
async function askedFor(flags: CompareFlags): Promise<AskedComparison> {
  const asked = await comparisonOf(flags);
  const variants = asked.variants.map(async ({ name, settings }) => ({
    name,
    settings: await withLossFiles(settings),
  }));
  return {
    ...asked,
    settings: await withLossFiles(asked.settings),
    variants: await Promise.all(variants),
  };
}

async function comparisonOf(flags: CompareFlags): Promise<AskedComparison> {
  const { losses, config, seeds, baseline, out: _, resume: __, dryRun: ___, json: ____, ...settings } = flags;
  if (losses !== undefined && config !== undefined)
    throw new UsageError('--losses with --config', 'one of them', 'name the losses as variants in the file.');
  const given = seeds === undefined ? undefined : seedsOf(seeds, '--seeds');
  if (config !== undefined) {
    const file = await readComparisonFile(config);
    return {
      ...file,
      seeds: given ?? file.seeds,
      baseline: baseline ?? file.baseline,
      settings: { ...file.settings, ...settings },
    };
  }
  if (losses === undefined)
    throw new UsageError(
      'neither --losses nor --config',
      'what to compare',
      'write --losses arcface,curricularface, or a file of variants; see cf compare --help.',
    );
  if (settings.loss !== undefined)
    throw new UsageError('--losses with --loss', 'one of them', 'name all losses with --losses.');
  return {
    seeds: given ?? seedsOf(DEFAULT_SEEDS, '--seeds'),
    baseline,
    settings,
    variants: losses.split(',').map((loss) => {
      const name = loss.trim();
      return { name: variantName(shownLoss(name)), settings: { loss: name } };
    }),
  };
}
