/** As `engines` of package.json has it, which may not be readable to an older Node. */
export const LEAST_NODE = 22;

/** As exit-codes.ts has it, which is not loaded here. */
const EXIT_USAGE = 2;

/** What of a process is needed to tell that its Node is too old. */
export interface NodeProcess {
  readonly versions: { readonly node: string };
  readonly stderr: { write(text: string): unknown };
  exit(code: number): unknown;
}

/**
 * Ends a process of a Node that can't run the program, and says which one can. It comes before anything is loaded that an
 * older Node would refuse by a stack trace.
 */
export function requireNode(process: NodeProcess): void {
  const { node } = process.versions;
  if (Number(node.split('.')[0]) >= LEAST_NODE) return;
  process.stderr.write(
    `cf needs Node ${LEAST_NODE} or later, and this is Node ${node}.\nFix: install it from https://nodejs.org, or run npx -p node@24 -p @cf/trainer cf … once.\n`,
  );
  process.exit(EXIT_USAGE);
}
