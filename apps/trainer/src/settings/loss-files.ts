import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import { basename, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  CfError,
  type LossData,
  type LossParameters,
  type MarginLoss,
  type OptionType,
  reasonOf,
  registerLoss,
  requireLoss,
} from '@cf/core';
import { UsageError } from '../errors.ts';
import type { TrainFlags } from './fields.ts';

/** What a module may export that makes a loss. */
interface LossModule {
  /** A loss, or what makes it of its options. */
  readonly default?: MarginLoss | ((parameters: LossParameters, data: LossData) => MarginLoss);
  /** Options that it takes, each as what it is given. */
  readonly options?: Readonly<Record<string, OptionType>>;
}

/** Whether a loss is named by the file of a module that makes it, such as `./my-loss.ts`. */
export function isLossFile(name: unknown): name is string {
  return typeof name === 'string' && (/[\\/]/.test(name) || /\.[cm]?[jt]s$/.test(name));
}

/** A loss as a person reads it: of a file its name alone, not where it lies. */
export function shownLoss(name: string): string {
  return isLossFile(name) ? basename(name) : name;
}

/** What tells one text of the trained loss's file from another; undefined for a loss of a name. */
export async function lossFileHash({ loss }: { readonly loss: GivenLoss }): Promise<string | undefined> {
  const file = trainedNames(loss).find(isLossFile);
  if (file === undefined) return undefined;
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
    .slice(0, 16);
}

/** The flags of a training, its losses known by the paths of their files. @throws UsageError for a file that makes no loss */
export async function withLossFiles<Flags extends Partial<TrainFlags>>(flags: Flags): Promise<Flags> {
  const { loss, shadow } = flags;
  return {
    ...flags,
    ...(loss === undefined ? {} : { loss: await known(loss) }),
    ...(shadow === undefined ? {} : { shadow: await knownShadows(shadow) }),
  };
}

/**
 * A configuration, the losses that it names by files known by the paths of these.
 *
 * @param config of a file, and not checked yet
 * @throws UsageError for a file that makes no loss
 */
export async function configWithLossFiles(config: unknown): Promise<unknown> {
  const { loss, shadow } = (config ?? {}) as { readonly loss?: GivenLoss; readonly shadow?: unknown };
  const isOfFile = trainedNames(loss).some(isLossFile);
  if (!isOfFile && typeof shadow !== 'string') return config;
  return {
    ...(config as object),
    ...(isOfFile ? { loss: await withNames(loss!, known) } : {}),
    ...(typeof shadow === 'string' ? { shadow: await knownShadows(shadow) } : {}),
  };
}

/** A loss as a person reads it, and the one beneath a weighting too. */
export function shownLosses<Loss extends GivenLoss>(loss: Loss): Promise<Loss> {
  return withNames(loss, async (name) => (typeof name === 'string' ? shownLoss(name) : name));
}

/** The same loss under other names. */
async function withNames<Loss extends GivenLoss>(
  loss: Loss,
  named: (name: unknown) => Promise<unknown>,
): Promise<Loss> {
  const { name, params } = loss;
  const base = params?.base;
  return {
    ...loss,
    name: await named(name),
    ...(base ? { params: { ...params, base: { ...base, loss: await named(base.loss) } } } : {}),
  };
}

/** The loss, and the one beneath a weighting. */
function trainedNames(loss: GivenLoss | undefined): unknown[] {
  return [loss?.name, loss?.params?.base?.loss];
}

/** The name under which a loss is known. */
async function known<Name>(name: Name): Promise<Name | string> {
  return isLossFile(name) ? openLossFile(name) : name;
}

/** As `--shadow` takes them: names with options behind colons. */
async function knownShadows(shadow: string): Promise<string> {
  const texts = shadow.split(',').map(async (text) => {
    const [name = '', ...options] = text.trim().split(':');
    return [await known(name), ...options].join(':');
  });
  return (await Promise.all(texts)).join(',');
}

/** A loss as a configuration has it. */
interface GivenLoss {
  readonly name?: unknown;
  readonly params?: { readonly base?: { readonly loss?: unknown } };
}

/** @returns the name under which it is known: its path from the root */
async function openLossFile(name: string): Promise<string> {
  const path = resolve(name);
  const refuse = (
    given: string,
    fix = 'write export default marginLoss({ … }), or export default (options) => marginLoss({ … }).',
  ): UsageError =>
    new UsageError(
      given,
      'a module whose default export is a loss, or a function of its options that makes one',
      fix,
    );
  if (!existsSync(path))
    throw refuse(
      `'${name}', which is not there`,
      'check the path; what a run was trained with has to lie where it was.',
    );
  letFind('@cf/core');
  const module: LossModule = await import(pathToFileURL(path).href).catch((cause: unknown) => {
    throw refuse(`'${name}' (${reasonOf(cause)})`);
  });
  const { default: made, options } = module;
  try {
    if (typeof made !== 'function') requireLoss(made);
  } catch (cause) {
    if (!(cause instanceof CfError)) throw cause;
    throw refuse(`'${name}', whose default export is none`);
  }
  registerLoss(path, typeof made === 'function' ? made : () => made as MarginLoss, options);
  return path;
}

const found = new Set<string>();

/** Lets a module import a package of this program also where it lies in a folder without packages. */
function letFind(name: string): void {
  // Since Node 22.15.
  if (found.has(name) || typeof registerHooks !== 'function') return;
  found.add(name);
  const url = import.meta.resolve(name);
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== name) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch {
        return { url, shortCircuit: true };
      }
    },
  });
}
