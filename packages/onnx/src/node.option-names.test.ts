import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './node.ts';

/** What is not looked at before the options are. */
const NONE = undefined as never;
const { mapFloats, writeModelFile } = exported;

testOptionNames(exported, {
  checked: {
    mapFloats: (options) => mapFloats(options),
    writeModelFile: (options) => writeModelFile(NONE, NONE, options),
  },
  others: ['readModelFile'],
});
