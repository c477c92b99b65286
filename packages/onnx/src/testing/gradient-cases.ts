import { readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GradientCase } from './gradient-case.ts';

/** What a file `*.cases.ts` exports. */
interface CasesModule {
  readonly cases: readonly GradientCase[];
}

/** The cases of the files `*.cases.ts` in a folder and in those below it, by file. */
export async function casesIn(folder: URL): Promise<ReadonlyMap<string, readonly GradientCase[]>> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.cases.ts'),
  );
  const found = new Map<string, readonly GradientCase[]>();
  for (const file of files.sort()) {
    const { cases } = (await import(new URL(file, folder).href)) as CasesModule;
    found.set(file, cases);
  }
  return found;
}

/** The folder of a module, and what to call it. */
export function folderOf(moduleUrl: string): { readonly url: URL; readonly name: string } {
  return { url: new URL('./', moduleUrl), name: basename(dirname(fileURLToPath(moduleUrl))) };
}
