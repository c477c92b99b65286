import { type Communicator, requireInteger } from '@cf/core';
import type { TensorData } from '../model/tensor.ts';
import { nextOf } from '../optimisers/names.ts';
import type { OnnxRuntime } from '../runtime/onnx-runtime.ts';
import type { TrainingState } from './options.ts';
import type { TrainingPlan } from './plan.ts';
import type { Tensors } from './runner.ts';
import { sumOverRanks } from './sum-over-ranks.ts';
import { floats, TensorStore } from './tensor-store.ts';

/** Everything that training changes. Statistics move with every micro-batch, the rest with every update. */
export class TrainedTensors {
  readonly #weights: TensorStore;
  readonly #statistics: TensorStore;
  readonly #optimiser: TensorStore;
  readonly #nextStatistic: (name: string) => string;
  #updates = 0;
  /** Statistics as the last update left them. */
  #settled: ReadonlyMap<string, TensorData> = new Map();

  /** All zeros. */
  constructor(runtime: OnnxRuntime, { form, optimiser }: TrainingPlan) {
    this.#weights = new TensorStore(runtime, 'weight', form.parameters);
    this.#statistics = new TensorStore(runtime, 'statistic', form.statistics);
    this.#optimiser = new TensorStore(runtime, 'optimiser state', optimiser.state);
    const next = new Map(form.statistics.map((statistic) => [statistic.name, statistic.next]));
    this.#nextStatistic = (name) => next.get(name)!;
  }

  /** Updates so far. */
  get updates(): number {
    return this.#updates;
  }

  get weights(): Tensors {
    return this.#weights.current;
  }

  get statistics(): Tensors {
    return this.#statistics.current;
  }

  /** Shaped as the statistics are, of numbers that nobody reads any more. */
  get spareStatistics(): Tensors {
    return this.#statistics.spare;
  }

  get optimiser(): Tensors {
    return this.#optimiser.current;
  }

  /** Where a way forward writes the statistics that come of it. */
  statisticTargets(): Tensors {
    return this.#statistics.targets(this.#nextStatistic);
  }

  /** Takes the statistics that a way forward wrote. */
  advanceStatistics(written: Tensors): void {
    this.#statistics.advance(written, this.#nextStatistic);
  }

  /** Where an update writes weights and the optimiser's numbers. */
  updateTargets(): Tensors {
    return new Map([...this.#weights.targets(nextOf), ...this.#optimiser.targets(nextOf)]);
  }

  /** Takes what an update wrote. */
  advance(written: Tensors): void {
    this.#weights.advance(written, nextOf);
    this.#optimiser.advance(written, nextOf);
    this.#updates++;
    this.#settled = this.#statistics.read();
  }

  /** Puts the mean over the ranks in the place of the statistics that each has carried on from its own pictures. */
  async averageStatistics(ranks: Communicator): Promise<void> {
    const all = [...this.#statistics.current.values()].map(floats);
    await sumOverRanks(all, ranks);
    for (const values of all) for (let i = 0; i < values.length; i++) values[i]! /= ranks.size;
  }

  /** Statistics as they were before the micro-batches since the last update. */
  forgetStatistics(): void {
    this.#statistics.write(this.#settled);
  }

  /** Copies of weights and statistics. */
  values(): ReadonlyMap<string, TensorData> {
    return new Map([...this.#weights.read(), ...this.#statistics.read()]);
  }

  /** A copy of everything. */
  read(): TrainingState {
    return {
      weights: this.#weights.read(),
      statistics: this.#statistics.read(),
      optimiser: this.#optimiser.read(),
      updates: this.#updates,
    };
  }

  /**
   * Copies values in; what is left out stays.
   *
   * @throws StateMismatchError if a name or a shape is not one of these, OptionOutOfRangeError if `updates` is no count;
   *   nothing is changed then
   */
  write(state: Partial<TrainingState>): void {
    const { weights = new Map(), statistics = new Map(), optimiser = new Map(), updates } = state;
    if (updates !== undefined) requireInteger('updates', updates, 0, Number.MAX_SAFE_INTEGER);
    this.#weights.check(weights);
    this.#statistics.check(statistics);
    this.#optimiser.check(optimiser);
    this.#weights.write(weights);
    this.#statistics.write(statistics);
    this.#optimiser.write(optimiser);
    this.#updates = updates ?? this.#updates;
    this.#settled = this.#statistics.read();
  }
}
