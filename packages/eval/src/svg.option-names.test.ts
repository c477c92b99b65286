import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './svg.ts';

const { cmcSvg, detSvg, lineSvg, rocSvg } = exported;

testOptionNames(exported, {
  checked: {
    cmcSvg: (options) => cmcSvg(options),
    detSvg: (options) => detSvg(options),
    lineSvg: (options) => lineSvg(options),
    rocSvg: (options) => rocSvg(options),
  },
  others: [],
});
