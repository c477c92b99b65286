// One probe, in a process of its own: its name is the argument, and the finding goes to the parent.
import { type ProbeName, probe } from './probe.ts';

const finding = await probe(process.argv[2] as ProbeName);
// Threads of native libraries would keep the process; what they do at its end is not asked for.
process.send?.(finding, () => process.exit(0));
