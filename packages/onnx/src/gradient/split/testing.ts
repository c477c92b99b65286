import { GraphBuilder } from '../../builder/graph-builder.ts';
import type { Model } from '../../model/model.ts';
import { randomTensor } from '../../testing/random-tensor.ts';

const BATCH = 1000;

/** Blocks of two layers, [1000, 4] → [1000, 4]; where they are residual, their input is added to the result. */
export function deepNet(blocks: number, isResidual: boolean): { model: Model; wrt: readonly string[] } {
  const builder = new GraphBuilder();
  const wrt: string[] = [];
  let x = builder.input('x', 'float32', [BATCH, 4]);
  const layer = (name: string, input: string): string => {
    wrt.push(builder.initializer(`${name}.weight`, randomTensor('float32', [4, 4], wrt.length)));
    return builder.op('Tanh', [builder.op('MatMul', [input, wrt.at(-1)!])], {}, { outputs: [name] });
  };
  for (let i = 0; i < blocks; i++) {
    const inner = layer(`${i}.b`, layer(`${i}.a`, x));
    x = isResidual ? builder.op('Add', [inner, x], {}, { outputs: [`${i}`] }) : inner;
  }
  builder.output(builder.op('Identity', [x], {}, { outputs: ['y'] }), 'float32', [BATCH, 4]);
  return { model: builder.build(), wrt };
}
