import { expect, it } from 'vitest';
import { DataFolderError } from './errors.ts';
import { readFailure } from './read-failure.ts';

const failure = (code: string): Error =>
  Object.assign(new Error(`${code}: no`), { code, path: '/faces/a/1.jpg' });

it('says why a file is left out', () => {
  expect(readFailure(failure('EACCES'))).toBe('permission denied');
  expect(readFailure(failure('EIO'))).toBe("it can't be read (EIO)");
});

it.each(['EMFILE', 'ENFILE'])(
  'leaves out no file because of %s: it stops with the limit that is to be raised',
  (code) => {
    expect(() => readFailure(failure(code))).toThrow(DataFolderError);
    expect(() => readFailure(failure(code))).toThrow(
      /'\/faces\/a\/1\.jpg', which can't be opened .*\n.*ulimit -n/,
    );
  },
);

it('names the cause of a name that is not in UTF-8', () => {
  const missing = (path: string): Error => Object.assign(new Error('ENOENT: no'), { code: 'ENOENT', path });
  expect(readFailure(missing('/faces/Jos\uFFFD.jpg'))).toBe('its name is not in UTF-8: rename it');
  expect(readFailure(missing('/faces/a.jpg'))).toBe('there is no such file');
});
