export { CfError, type CfErrorDetails } from './errors/cf-error.ts';
export {
  LabelOutOfRangeError,
  NonFiniteError,
  OptionOutOfRangeError,
  ShapeMismatchError,
  StateMismatchError,
  UnknownNameError,
} from './errors/errors.ts';
export { nearestName } from './errors/nearest-name.ts';
