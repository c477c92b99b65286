import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './index.ts';

const { openMpi } = exported;

testOptionNames(exported, {
  checked: { openMpi: (options) => openMpi(options) },
  others: ['giveStack'],
});
