/** Flags of `cf` that read a file or a folder. */
const READS = [
  '--data',
  '--pairs',
  '--people',
  '--gallery',
  '--picture',
  '--templates',
  '--identification',
  '--model',
  '--backbone',
];

/** Endings of files that stand in commands without a flag. */
const PICTURE = /\.(jpg|jpeg|png|webp)$/;

/** The lines of a README's code blocks that are commands: of a shell, or after a `$`, without their comments. */
export function commandsOf(markdown: string): readonly string[] {
  const blocks = markdown.matchAll(/^```(sh|text)\n([\s\S]*?)^```/gm);
  return [...blocks].flatMap(([, language, body]) =>
    body!
      .split('\n')
      .filter((line) => language === 'sh' || line.startsWith('$ '))
      .map((line) => line.replace(/^\$ /, '').replace(/\s#.*$/, ''))
      .filter((line) => line !== ''),
  );
}

/** Files and folders that commands of `cf` read and that none of the commands before has made. */
export function filesOf(commands: readonly string[]): readonly string[] {
  const made: string[] = [];
  const files: string[] = [];
  for (const command of commands) {
    const words = command.split(/[\s=]+/);
    const after = (flag: string): readonly string[] =>
      words.flatMap((word, at) => (word === flag && at + 1 < words.length ? [words[at + 1]!] : []));
    if (/^(pnpm )?cf /.test(command)) {
      const pictures = words.filter((word, at) => PICTURE.test(word) && !words[at - 1]!.startsWith('--'));
      const read = [...pictures, ...READS.flatMap(after).flatMap(fileIn)];
      const isMade = (file: string): boolean =>
        made.some((one) => file === one || file.startsWith(`${one}/`) || file.startsWith(`${one}.`));
      files.push(...read.filter((file) => !isMade(file)));
    }
    made.push(...after('--out'), ...after('>'));
  }
  return files;
}

/** A flag may have no value, a network may be a built-in one, a file may stand behind its kind. */
function fileIn(value: string): readonly string[] {
  if (value.startsWith('-')) return [];
  const file = value.replace(/^(onnx|tfjs):/, '');
  return file !== value || !/^(tiny-iresnet|iresnet\d+|mobilefacenet)$/.test(value) ? [file] : [];
}

/** Names in the first column of the table under the heading "Where data comes from". */
export function namesOfTable(markdown: string): readonly string[] {
  const section = /^#+ Where data comes from\n([\s\S]*?)^#/m.exec(markdown)?.[1] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  return rows.flatMap((row) => [...row.split(' | ')[0]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));
}
