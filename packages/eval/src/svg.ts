/** Curves as SVG pictures in a few kilobytes, without vega: `@cf/eval/svg`. */
export type * from './charts/options.ts';
export { cmcSvg, detSvg, rocSvg } from './svg/curves-of-figures.ts';
export { lineSvg } from './svg/line-svg.ts';
