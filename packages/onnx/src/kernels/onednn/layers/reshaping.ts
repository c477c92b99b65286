import type { LayerRule } from '../layer.ts';

/** The same numbers in other sizes: Flatten, Reshape, Squeeze, Unsqueeze. */
export const reshaping: LayerRule = {
  write: (layer) => {
    const { program } = layer;
    const x = layer.input(0);
    layer.output(program.view(program.rowMajor(x), layer.outputDims));
    layer.onBackward((gradient) => layer.gradient(0, program.view(program.rowMajor(gradient), x.dims)));
  },
};

/** Identity, and what is one here. */
export const identity: LayerRule = {
  write: (layer) => {
    layer.output(layer.input(0));
    layer.onBackward((gradient) => layer.gradient(0, gradient));
  },
};
