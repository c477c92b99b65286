import { frozenOf, type Model, sizeOf, type TrainingForm, type TrainingFormOptions } from '@cf/onnx';

/** What trains of a model, and what does not and why, in a line. */
export function whatTrains(model: Model, form: TrainingForm, options: TrainingFormOptions): string {
  const total = form.parameters.reduce((sum, { dims }) => sum + sizeOf(dims), 0);
  const moving = form.statistics.length;
  const names = new Set(form.statistics.map(({ name }) => name));
  const reasons = new Map<string, number>();
  for (const { name, why } of frozenOf(model, form, options))
    if (!names.has(name)) reasons.set(why, (reasons.get(why) ?? 0) + 1);
  const frozen = [...reasons].map(([why, count]) => `${count} × ${why}`).join(', ');
  return [
    `${total.toLocaleString('en')} weights train in ${form.parameters.length} tensors`,
    ...(frozen === '' ? [] : [`frozen: ${frozen}`]),
    ...(moving === 0 ? [] : [`${moving} running statistics follow the batches`]),
  ].join('; ');
}
