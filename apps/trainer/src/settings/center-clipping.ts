import type { RowClipping } from '@cf/training';
import { UsageError } from '../errors.ts';

/** What `--clip-centers` says. @throws UsageError */
export function centerClipping(text: string): RowClipping {
  const [, by, size] = /^(row|norm):(.+)$/.exec(text) ?? [];
  const limit = Number(size);
  if (by !== undefined && limit > 0 && limit < Number.POSITIVE_INFINITY)
    return { by: by as RowClipping['by'], limit };
  throw new UsageError(
    `--clip-centers ${text}`,
    'row:x or norm:x, with the largest length x of a row, or of all together',
    'say it such as norm:5.',
  );
}
