/** A call in which a rank waits for the others. */
export interface Place {
  /** Which of this rank's calls: 1, 2, … */
  readonly call: number;
  /** As MPI has it. */
  readonly name: string;
}

/** What a rank knows of the others when it has waited in vain. */
export interface Waited {
  readonly rank: number;
  readonly own: Place;
  /** The machine of each rank. */
  readonly hosts: readonly string[];
  /** Where a rank has lately said that it waits; one that is not here has said nothing. */
  readonly heard: ReadonlyMap<number, Place>;
  /** How long the silent have said nothing. */
  readonly silentSeconds: number;
}

/** Ranks that one line names. */
const NAMED = 8;

/** Who lets this rank wait: those that say nothing, and those that wait elsewhere. */
export function whoIsMissing({ rank, own, hosts, heard, silentSeconds }: Waited): string {
  const others = [...hosts.keys()].filter((other) => other !== rank);
  const named = (those: readonly number[]): string => {
    const first = those.slice(0, NAMED).map((other) => `${other} on ${hosts[other]}`);
    const rest = those.length - first.length;
    return `${those.length > 1 ? 'ranks' : 'rank'} ${first.join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
  };
  const silent = others.filter((other) => !heard.has(other));
  const elsewhere = new Map<string, number[]>();
  for (const [other, { call, name }] of [...heard].sort(([a], [b]) => a - b)) {
    if (call === own.call && name === own.name) continue;
    const place = `${name}, call ${call}`;
    elsewhere.set(place, [...(elsewhere.get(place) ?? []), other]);
  }
  const parts = [...elsewhere].map(
    ([place, those]) => `${named(those)} ${those.length > 1 ? 'wait' : 'waits'} in ${place}`,
  );
  if (silent.length > 0) {
    const hang = silent.length > 1 ? 'hang' : 'hangs';
    parts.unshift(`${named(silent)} ${hang}, in no call for ${silentSeconds} s or not to be reached`);
  }
  return parts.length > 0 ? parts.join('; ') : 'all ranks wait in it, with lengths that differ';
}
