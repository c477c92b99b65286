import { expect, test } from 'vitest';

/** Calls a factory with these options, and with nothing else that it would have to look at first. */
type Call = (options: never) => unknown;

/** What of a package's exports takes options. */
export interface OptionTable {
  /** By the name of the export: a call with options. */
  readonly checked: Readonly<Record<string, Call>>;
  /** Functions and classes that take no options, or whose options are for others to check, as the docstring says. */
  readonly others: readonly string[];
}

/** Tests that every export stands in the table, so that none is forgotten, and that each refuses a slip in a name. */
export function testOptionNames(
  exported: Readonly<Record<string, unknown>>,
  { checked, others }: OptionTable,
): void {
  test('every exported function is known to take options, or none', () => {
    const functions = Object.entries(exported)
      .filter(
        ([name, value]) =>
          typeof value === 'function' && name !== 'CfError' && !(value.prototype instanceof Error),
      )
      .map(([name]) => name);
    expect([...Object.keys(checked), ...others].sort()).toEqual(functions.sort());
  });

  test.each(Object.entries(checked))(
    '%s refuses an option that it does not know, and names the nearest',
    async (_, call) => {
      const unknown = await outcomeOf(() => call({ zzzzzzzzzzzzzzzz: 1 } as never));
      expect(unknown).toMatchObject({ code: 'E_UNKNOWN_NAME', nearest: undefined });
      const names = (unknown as { readonly expected: string }).expected.replace('one of ', '').split(', ');
      const [longest] = names.toSorted((a, b) => b.length - a.length);
      const slip = await outcomeOf(() => call({ [longest!.slice(0, -1)]: 1 } as never));
      expect(slip).toMatchObject({ code: 'E_UNKNOWN_NAME', nearest: longest });
    },
  );
}

/** What a call throws, of a generator its first step. */
async function outcomeOf(call: () => unknown): Promise<unknown> {
  try {
    const result: unknown = await call();
    if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result)
      await (result as AsyncIterable<unknown>)[Symbol.asyncIterator]().next();
    return result;
  } catch (error) {
    return error;
  }
}
