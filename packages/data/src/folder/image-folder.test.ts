import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, symlink } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadImages } from '../image/image-loader.ts';
import { failure, picture, put, temporaryFolder, withoutPrivileges } from '../testing.ts';
import { filterIdentities } from './filter.ts';
import { type ImageFolder, scanImageFolder } from './image-folder.ts';

let jpeg: Buffer;
let base: string;
beforeAll(async () => {
  jpeg = await picture();
  base = await temporaryFolder();
});
const root = (name: string): string => join(base, name);
const kinds = ({ problems }: ImageFolder): string[] => problems.map(({ kind }) => kind);

describe('scanImageFolder', () => {
  it('finds identities and pictures in one order everywhere, told by content', async () => {
    const at = root('plain');
    for (const name of ['Zoe', 'adam', 'Ada']) await put(join(at, name, '2.jpg'), jpeg);
    await put(join(at, 'Ada', '10.PNG'), await picture('png'));
    await put(join(at, 'Ada', '1.webp'), await picture('webp'));
    await put(join(at, 'Ada', 'no-extension'), jpeg);
    const folder = await scanImageFolder(at);
    expect(folder.root).toBe(at);
    expect(folder.problems).toEqual([]);
    expect(folder.identities).toEqual([
      {
        name: 'Ada',
        files: ['1.webp', '10.PNG', '2.jpg', 'no-extension'].map((file) => join(at, 'Ada', file)),
      },
      { name: 'Zoe', files: [join(at, 'Zoe', '2.jpg')] },
      { name: 'adam', files: [join(at, 'adam', '2.jpg')] },
    ]);
  });

  it('with strict leaves files that are no pictures where loading meets them', async () => {
    const at = root('strict');
    await put(join(at, 'Ada', '1.jpg'), jpeg);
    await put(join(at, 'Ada', '2.jpg'), Buffer.from('words'));
    await put(join(at, 'Ada', '3.jpg'), Buffer.alloc(0));
    await symlink(join(at, 'nowhere'), join(at, 'Ada', '4.jpg'));
    const { identities, problems } = await scanImageFolder(at, { strict: true });
    expect(problems).toEqual([]);
    expect(identities[0]!.files).toEqual([1, 2, 3, 4].map((n) => join(at, 'Ada', `${n}.jpg`)));
    for (const file of identities[0]!.files.slice(1)) {
      const loading = loadImages([file], { width: 8, height: 8, channels: 3 });
      await expect(loading.next()).rejects.toMatchObject({ code: 'E_IMAGE', path: file });
    }
  });

  it('passes over hidden files, clutter and texts beside the identities', async () => {
    const at = root('clutter');
    await put(join(at, 'Ada', '1.jpg'), jpeg);
    for (const name of ['.DS_Store', 'Thumbs.db', 'desktop.ini', '.hidden.jpg'])
      await put(join(at, 'Ada', name), 'x');
    await put(join(at, 'README.txt'), 'x');
    await put(join(at, '.git', 'picture.jpg'), jpeg);
    const { identities, problems } = await scanImageFolder(at);
    expect(problems).toEqual([]);
    expect(identities.map(({ name, files }) => [name, files.length])).toEqual([['Ada', 1]]);
  });

  it('takes folders of systems and storage boxes for no people', async () => {
    const at = root('systems');
    await put(join(at, 'Ada', '1.jpg'), jpeg);
    const folders = [
      '$RECYCLE.BIN',
      '@eaDir',
      'lost+found',
      '__MACOSX',
      '.DS_Store',
      '#recycle',
      'System Volume Information',
    ];
    for (const name of folders) await put(join(at, name, '1.jpg'), jpeg);
    await put(join(at, 'Ada', '@eaDir', '1.jpg'), jpeg);
    await put(join(at, 'Ada', 'Thumbs.db'), 'x');
    const { identities, problems } = await scanImageFolder(at);
    expect([identities.map(({ name }) => name), problems]).toEqual([['Ada'], []]);
  });

  it.skipIf(process.platform === 'win32')(
    'never opens pipes, sockets and devices, and says so in a line each',
    async () => {
      const at = root('specials');
      await put(join(at, 'Ada', '1.jpg'), jpeg);
      execFileSync('mkfifo', [join(at, 'Ada', 'pipe.jpg'), join(at, 'pipe')]);
      await symlink('/dev/zero', join(at, 'Ada', 'zero.jpg'));
      await symlink(join(at, 'pipe'), join(at, 'Ada', 'to-a-pipe.jpg'));
      const server = createServer().listen(join(at, 'Ada', 'socket'));
      await once(server, 'listening');
      try {
        const { identities, problems } = await scanImageFolder(at);
        expect(identities[0]!.files).toEqual([join(at, 'Ada', '1.jpg')]);
        expect(problems.map(({ message }) => message.slice(at.length + 1))).toEqual([
          'Ada/pipe.jpg: it is a named pipe, not a file',
          'Ada/socket: it is a socket, not a file',
          'Ada/to-a-pipe.jpg: it is a named pipe, not a file',
          'Ada/zero.jpg: it is a device, not a file',
          'pipe: it is a named pipe, not a file',
        ]);
        const strict = await scanImageFolder(at, { strict: true });
        const pipe = strict.identities[0]!.files.find((file) => file.endsWith('pipe.jpg'))!;
        const loading = loadImages([pipe], { width: 8, height: 8, channels: 3 });
        await expect(loading.next()).rejects.toMatchObject({
          code: 'E_IMAGE',
          reason: expect.stringContaining('pipe'),
        });
      } finally {
        server.close();
      }
    },
  );

  it.skipIf(process.platform === 'win32')(
    'shows control characters of names escaped in its lines',
    async () => {
      const at = root('forged');
      await put(join(at, 'Ada', '1.jpg'), jpeg);
      const name = 'x\nskipped: \u001b[31mforged.jpg';
      await put(join(at, 'Ada', name), 'no picture');
      const { problems } = await scanImageFolder(at);
      expect(problems).toMatchObject([{ path: join(at, 'Ada', name) }]);
      expect(problems[0]!.message).toContain('Ada/x\\nskipped: \\x1b[31mforged.jpg: the content is no');
      await expect(
        loadImages([join(at, 'Ada', name)], { width: 8, height: 8, channels: 3 }).next(),
      ).rejects.toThrow(/x\\nskipped: \\x1b\[31mforged/);
    },
  );

  it('reports, in one line each, whatever it leaves out', async () => {
    const at = root('problems');
    await put(join(at, 'Ada', '1.jpg'), jpeg);
    await put(join(at, 'Ada', 'text.jpg'), 'no picture');
    await put(join(at, 'Ada', 'notes.txt'), 'no picture');
    await put(join(at, 'Ada', 'empty.jpg'), '');
    await put(join(at, 'Ada', 'inner', '2.jpg'), jpeg);
    await symlink(join(at, 'nowhere'), join(at, 'Ada', 'link.jpg'));
    await mkdir(join(at, 'Nobody'));
    await put(join(at, 'Texts', 'a.jpg'), 'no picture');
    await put(join(at, 'stray.jpg'), jpeg);
    const folder = await scanImageFolder(at);
    expect(folder.identities.map(({ name, files }) => [name, files.length])).toEqual([['Ada', 1]]);
    expect(folder.problems.map(({ kind, path }) => [path.slice(at.length + 1), kind])).toEqual([
      ['Ada/empty.jpg', 'unreadable image'],
      ['Ada/inner', 'nested folder'],
      ['Ada/link.jpg', 'unreadable image'],
      ['Ada/notes.txt', 'not an image'],
      ['Ada/text.jpg', 'not an image'],
      ['Nobody', 'identity without image'],
      ['Texts', 'identity without image'],
      ['Texts/a.jpg', 'not an image'],
      ['stray.jpg', 'image outside an identity'],
    ]);
    for (const { message, path } of folder.problems) {
      expect(message.startsWith(`${path}: `)).toBe(true);
      expect(message).not.toContain('\n');
    }
  });

  it('follows links', async () => {
    const at = root('links');
    await put(join(base, 'elsewhere', 'x.jpg'), jpeg);
    await mkdir(at);
    await symlink(join(base, 'elsewhere'), join(at, 'Linked'));
    await put(join(at, 'Own', '1.jpg'), jpeg);
    await symlink(join(base, 'elsewhere', 'x.jpg'), join(at, 'Own', '2.jpg'));
    const { identities } = await scanImageFolder(at);
    expect(identities.map(({ name, files }) => [name, files.length])).toEqual([
      ['Linked', 1],
      ['Own', 2],
    ]);
  });

  it('gives names in one Unicode form, and takes both forms of a name for one identity', async () => {
    const at = root('unicode');
    const [composed, decomposed] = ['José'.normalize('NFC'), 'José'.normalize('NFD')];
    await put(join(at, '山田太郎', '1.jpg'), jpeg);
    await put(join(at, 'Zoë'.normalize('NFD'), '1.jpg'), jpeg);
    await put(join(at, composed, '1.jpg'), jpeg);
    await put(join(at, decomposed, '2.jpg'), jpeg);
    const folder = await scanImageFolder(at);
    expect(folder.identities.map(({ name }) => name)).toEqual([composed, 'Zoë'.normalize('NFC'), '山田太郎']);
    // A file system that keeps one form only has a single folder of that name.
    if (folder.identities[0]!.files.length === 2) expect(kinds(folder)).toEqual(['same name twice']);
    const chosen = filterIdentities(folder, { names: new Set([decomposed]) });
    expect(chosen.identities.map(({ name }) => name)).toEqual([composed]);
  });

  it('says what is wrong with the root', async () => {
    const file = await put(root('file.txt'), 'x');
    await mkdir(root('empty'));
    await mkdir(join(root('hollow'), 'Nobody'), { recursive: true });
    const say = (path: string): Promise<string> => failure(() => scanImageFolder(path));
    const name = 'DataFolderError [E_DATA_FOLDER]: ';
    expect(await say(root('missing'))).toContain(`${name}'${root('missing')}' does not exist`);
    expect(await say(file)).toContain(`${name}'${file}' is not a folder`);
    expect(await say(root('empty'))).toContain(`${name}'${root('empty')}' holds no identity folder`);
    expect(await say(root('hollow'))).toContain('holds no picture in 1 identity folder; first problem: ');
  });

  it('says when pictures lie in the root instead of in identity folders', async () => {
    await put(join(root('flat'), '1.jpg'), jpeg);
    expect(await failure(() => scanImageFolder(root('flat')))).toContain(
      'the picture lies in no identity folder',
    );
  });

  it('reports what may not be read', async () => {
    const at = root('locked');
    await put(join(at, 'Ada', '1.jpg'), jpeg);
    await put(join(at, 'Bob', '1.jpg'), jpeg);
    await chmod(dirname(at), 0o755);
    await chmod(await put(join(at, 'Ada', '2.jpg'), jpeg), 0);
    await chmod(join(at, 'Bob'), 0);
    const folder = await withoutPrivileges(() => scanImageFolder(at));
    await chmod(join(at, 'Bob'), 0o755);
    expect(kinds(folder)).toEqual(['unreadable image', 'unreadable folder']);
  });
});

describe('filterIdentities', () => {
  const folder: ImageFolder = {
    root: 'r',
    identities: [
      { name: 'a', files: ['1'] },
      { name: 'b', files: ['1', '2'] },
      { name: 'c', files: ['1', '2', '3'] },
    ],
    problems: [],
  };
  const names = (filter: Parameters<typeof filterIdentities>[1]): string[] =>
    filterIdentities(folder, filter).identities.map(({ name }) => name);

  it('keeps what meets every condition', () => {
    expect(names({})).toEqual(['a', 'b', 'c']);
    expect(names({ minImages: 2 })).toEqual(['b', 'c']);
    expect(names({ names: new Set(['c', 'a', 'x']) })).toEqual(['a', 'c']);
    expect(names({ names: new Set(['a', 'b']), minImages: 2 })).toEqual(['b']);
    expect(names({ names: new Set() })).toEqual([]);
    expect(() => names({ minImages: 0 })).toThrow('minImages = 0');
  });
});
