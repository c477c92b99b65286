import { existsSync } from 'node:fs';
import { Command } from 'commander';
import { checkRatios, checkText, ratiosAnew } from '../bench/ratios/check-ratios.ts';
import { readRatios, writeRatios } from '../bench/ratios/ratios-file.ts';

interface CheckFlags {
  readonly file: string;
  readonly only?: string;
  readonly write: boolean;
  readonly python: string;
  readonly json: boolean;
}

/** `cf bench check`. */
export function checkCommand(): Command {
  return new Command('check')
    .description(
      'Measure the ratios of a committed file again, and tell (not fail) where one fell by more than 15 %.',
    )
    .option('--file <path>', 'of ratios', 'bench/ratios.json')
    .option('--only <text>', 'only commands that contain this, such as mobilefacenet')
    .option('--write', 'write the file anew; what can not be measured here stays as it was', false)
    .option('--python <path>', 'a Python that has torch', '/usr/bin/python3')
    .option('--json', 'print one JSON object', false)
    .addHelpText('after', '\nExamples:\n  cf bench check\n  cf bench check --only head --write\n')
    .action(async ({ file, only, write, python, json }: CheckFlags) => {
      const kept = write && !existsSync(file) ? [] : (await readRatios(file)).ratios;
      const say = (line: string): void => void process.stderr.write(`${line}\n`);
      const program = [...process.execArgv, process.argv[1]!];
      const report = await checkRatios({ kept, only, program, python, say });
      if (write) await writeRatios(file, ratiosAnew(kept, report));
      console.log(json ? JSON.stringify(report) : checkText(report));
    });
}
