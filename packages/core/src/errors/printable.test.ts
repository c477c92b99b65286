import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeMismatchError } from './errors.ts';
import { printable } from './printable.ts';

describe('printable', () => {
  it('shows control characters escaped', () => {
    expect(printable('a\u001b[2Jb\r\n\tc\u0000\u007f\u009b\u202e\u2028')).toBe(
      'a\\x1b[2Jb\\r\\n\\tc\\x00\\x7f\\x9b\\u202e\\u2028',
    );
  });

  it('leaves names of any script as they are', () => {
    for (const name of ['Zoë', '山田太郎', 'אבג', '👩‍👩‍👧', String.raw`C:\faces\n`])
      expect(printable(name)).toBe(name);
  });

  it('gives one line without a control character, and the same again for it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const once = printable(text);
        expect(/\p{Cc}/u.test(once)).toBe(false);
        expect(printable(once)).toBe(once);
      }),
    );
  });

  it('holds in the messages of errors', () => {
    const error = new ShapeMismatchError("'a\nForged: done\u001b[A'", 'b', 'c\u0007');
    expect(error.message.split('\n')).toHaveLength(2);
    expect(error.message).toContain("'a\\nForged: done\\x1b[A'");
    expect(error.message).toContain('c\\x07');
  });
});
