/**
 * Works on items in order, at most `ahead` of them begun before their result is taken.
 *
 * Leaving early begins nothing more and waits for what is under way; no rejection is left unhandled.
 */
export async function* readAhead<Item, Result>(
  items: Iterable<Item>,
  ahead: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result, void, undefined> {
  const waiting: Promise<{ readonly result: Result } | { readonly error: unknown }>[] = [];
  const source = items[Symbol.iterator]();
  let ended = false;
  const begin = (): void => {
    while (!ended && waiting.length < ahead) {
      const next = source.next();
      if (next.done === true) ended = true;
      else
        waiting.push(
          work(next.value).then(
            (result) => ({ result }),
            (error: unknown) => ({ error }),
          ),
        );
    }
  };
  try {
    for (begin(); waiting.length > 0; ) {
      const outcome = await waiting.shift()!;
      begin();
      if ('error' in outcome) throw outcome.error;
      yield outcome.result;
    }
  } finally {
    source.return?.();
    await Promise.all(waiting);
  }
}
