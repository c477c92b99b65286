import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './index.ts';

const { defineBackbone, iresnet, mobileFaceNet, tinyIresnet } = exported;

testOptionNames(exported, {
  checked: {
    defineBackbone: (options) => defineBackbone(options),
    iresnet: (options) => iresnet(options),
    mobileFaceNet: (options) => mobileFaceNet(options),
    tinyIresnet: (options) => tinyIresnet(options),
  },
  others: ['backbone', 'residualBlock'],
});
