import { fixedWeights, type Model, type TrainingForm, type TrainingFormOptions } from '@cf/onnx';

/** What trains of a model, and what does not and why, in a line. */
export function whatTrains(
  model: Model,
  { parameters, statistics }: TrainingForm,
  { freezeUntil, freezeBn = false }: TrainingFormOptions,
): string {
  const count = (dims: readonly (number | bigint)[]): number =>
    dims.reduce<number>((product, dim) => product * Number(dim), 1);
  const total = parameters.reduce((sum, { dims }) => sum + count(dims), 0);
  const trained = new Set(parameters.map(({ name }) => name));
  const moving = new Set(statistics.map(({ name }) => name));
  const fixed = fixedWeights(model);
  const frozen = model.graph!.initializer.filter(({ name }) => !trained.has(name) && !moving.has(name));
  const kept = frozen.filter(({ name }) => fixed.has(name)).length;
  const reasons = [
    ...(freezeUntil === undefined ? [] : [`up to '${freezeUntil}'`]),
    ...(freezeBn ? ['normalisations are frozen'] : []),
    ...(kept === 0 ? [] : [`${kept} by the file`]),
    'constants of no layer',
  ];
  const rest = frozen.length === 0 ? '' : `; ${frozen.length} frozen: ${reasons.join(', ')}`;
  const running = moving.size === 0 ? '' : `; ${moving.size} running statistics follow the batches`;
  return `${total.toLocaleString('en')} weights train in ${parameters.length} tensors${rest}${running}`;
}
