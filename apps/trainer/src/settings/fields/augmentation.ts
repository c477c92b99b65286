import { only, setting } from '../setting.ts';
import { ONLY } from '../situation.ts';
import { integer, on, range } from './values.ts';

export const augmentation = only(ONLY.network, {
  flip: setting('--no-augment-flip', on(), 'train on pictures without mirroring every second one'),
  shift: setting('--augment-shift <pixels>', integer(0, 64).default(3), 'how far training pictures move'),
  crop: setting(
    '--augment-crop <share>',
    range(0, 0.9).default(0),
    'cut out a window, its sides shorter by up to this share, and enlarge it',
  ),
  colour: setting(
    '--augment-colour <strength>',
    range(0, 1).default(0),
    'multiply brightness, contrast and saturation by up to 1 ± this',
  ),
  grey: setting('--augment-grey <share>', range(0, 1).default(0), 'share of pictures without colour'),
  blur: setting('--augment-blur <share>', range(0, 1).default(0), 'share of pictures blurred'),
  resample: setting(
    '--augment-resample <share>',
    range(0, 1).default(0),
    'share of pictures made small, to 0.2 to 0.8 of their sides, and large again',
  ),
  jpeg: setting(
    '--augment-jpeg <share>',
    range(0, 1).default(0),
    'share of pictures compressed as JPEG, of quality 20 to 80',
  ),
  erase: setting(
    '--augment-erase <share>',
    range(0, 1).default(0),
    'share of pictures of which a rectangle is painted over',
  ),
});
