import type { Device } from '../engines/device.ts';
import { CARDS, type CardTrial, fasterCard } from '../engines/faster-card.ts';
import { installCommand } from '../optional/install-command.ts';
import { missingOf, OPTIONAL_PACKAGES, type OptionalPackage } from '../optional/optional-packages.ts';
import { type Machine, machine } from './machine.ts';
import { type Finding, PROBES, type ProbeName } from './probe.ts';
import { type ProbeOptions, runProbe } from './run-probe.ts';

/** An optional package that is not installed. */
export interface AbsentPackage {
  readonly name: OptionalPackage;
  /** Flags that need it. */
  readonly brings: string;
  readonly install: string;
}

/** All that a machine can do. */
export interface Examination {
  readonly machine: Machine;
  readonly findings: Readonly<Record<ProbeName, Finding>>;
  readonly absentPackages: readonly AbsentPackage[];
  /** What `cf train --device auto --kernels auto` would take, and why. */
  readonly chosen: {
    readonly device: Device;
    readonly kernels: 'oneDNN' | 'onnxruntime';
    readonly why: readonly string[];
  };
  /** Nothing that is there computes wrong numbers, or ends its process. */
  readonly isSound: boolean;
}

/** Processes at a time, after the first. */
const AT_A_TIME = 3;

/**
 * Looks into everything, the processor first and alone, since its rate is measured.
 *
 * @param names what to look into
 * @param onFinding is told of each as it comes
 */
export async function examine(
  options: ProbeOptions,
  names: readonly ProbeName[] = PROBES,
  onFinding: (done: number) => void = () => {},
): Promise<Examination> {
  const found = new Map<ProbeName, Finding>();
  const waiting = [...names];
  const one = async (): Promise<boolean> => {
    const name = waiting.shift();
    if (name === undefined) return false;
    found.set(name, await runProbe(name, options));
    onFinding(found.size);
    return true;
  };
  await one();
  const outcomes = await Promise.allSettled(
    Array.from({ length: AT_A_TIME }, async () => {
      while (await one());
    }),
  );
  const failure = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
  const findings = Object.fromEntries(
    names.map((name) => [name, found.get(name)!]),
  ) as Examination['findings'];
  return {
    machine: await machine(),
    findings,
    absentPackages: absentPackages(),
    chosen: await choose(findings),
    isSound: Object.values(findings).every(({ state }) => state !== 'wrong' && state !== 'crashed'),
  };
}

function absentPackages(): readonly AbsentPackage[] {
  return missingOf(Object.keys(OPTIONAL_PACKAGES) as OptionalPackage[]).map((name) => ({
    name,
    brings: OPTIONAL_PACKAGES[name],
    install: installCommand([name]),
  }));
}

/** As `--device auto` and `--kernels auto` do, from what was found. */
export async function choose(findings: Partial<Examination['findings']>): Promise<Examination['chosen']> {
  const processor = findings['provider cpu']?.productRate ?? 0;
  const { device, rates, passedOver } = await fasterCard(CARDS, (card): CardTrial => {
    const finding = findings[`provider ${card}`];
    return finding?.state === 'proven' ? { own: finding.productRate!, processor } : {};
  });
  const why = [...passedOver, ...(rates === undefined ? [] : [`${device} has ${rates}`])];
  if (why.length === 0) why.push('no card is there and proven');
  if (device !== 'cpu')
    return { device, kernels: 'onnxruntime', why: [...why, 'oneDNN computes on the processor alone'] };
  const { state, passedOver: plain } = findings.oneDNN ?? {};
  if (state !== 'proven') why.push('oneDNN is not there, or not proven');
  else why.push(plain ?? 'oneDNN is there and proven');
  return { device, kernels: state === 'proven' && plain === undefined ? 'oneDNN' : 'onnxruntime', why };
}
