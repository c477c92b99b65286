import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './index.ts';

const { iresnet, mobileFaceNet, tinyIresnet } = exported;

testOptionNames(exported, {
  checked: {
    iresnet: (options) => iresnet(options),
    mobileFaceNet: (options) => mobileFaceNet(options),
    tinyIresnet: (options) => tinyIresnet(options),
  },
  others: ['backbone', 'defineBackbone', 'residualBlock'],
});
