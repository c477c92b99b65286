// The arrows of ARCHITECTURE.md: no circle of files, packages import downwards only, adapters never each other.

/** A package's own sources, without its tests. */
const of = (...names) => `^packages/(${names.join('|')})/src/`;
const TESTS = '(\\.test\\.ts$|/testing(/|\\.ts$)|/testing-[^/]*\\.ts$)';

const ADAPTERS = ['onnx', 'tfjs', 'gpujs'];

/** Which packages the sources of a package may import, beside their own. */
const MAY_IMPORT = {
  core: [],
  backbones: ['core'],
  training: ['core'],
  conformance: ['core'],
  create: ['core'],
  data: ['core'],
  eval: ['core'],
  mpi: ['core'],
  onnx: ['core', 'backbones'],
  tfjs: ['core', 'backbones'],
  gpujs: ['core'],
};
/** What of @cf/tfjs is behind `@cf/tfjs/layers`. */
const OF_LAYERS = '^packages/tfjs/src/(layers\\.ts$|layer/|networks/|learner/)';
/** An adapter is given what it runs of the loop; it knows its types. */
const TYPES_OF_TRAINING = 'training';

const arrows = Object.entries(MAY_IMPORT).map(([name, allowed]) => ({
  name: `${name}-imports-downwards`,
  comment: `${name} may import ${allowed.join(', ') || 'nothing of this workspace'}; adapters the types of @cf/training too.`,
  severity: 'error',
  from: { path: of(name), pathNot: TESTS },
  to: {
    path: '^(packages|apps)/',
    pathNot: of(name, ...allowed, ...(ADAPTERS.includes(name) ? [TYPES_OF_TRAINING] : [])),
  },
}));

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Files import each other in one direction.',
      severity: 'error',
      from: { pathNot: '/node_modules/' },
      to: { circular: true },
    },
    ...arrows,
    {
      name: 'of-training-types-alone',
      comment: 'An adapter takes types of @cf/training, and no values.',
      severity: 'error',
      from: { path: of(...ADAPTERS), pathNot: TESTS },
      to: { path: of(TYPES_OF_TRAINING), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'adapters-apart',
      comment: 'An adapter imports nothing of another, not even in tests.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/src/' },
      to: { path: of(...ADAPTERS), pathNot: '^packages/$1/src/' },
    },
    {
      name: 'onnx-runs-in-browsers',
      comment: "Of @cf/onnx, only the entry of Node's files imports Node.",
      severity: 'error',
      from: { path: of('onnx'), pathNot: ['^packages/onnx/src/(node\\.ts$|files/)', TESTS] },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'tfjs-on-its-core',
      comment:
        'Of @cf/tfjs, only the entry of layers needs them: the rest does with the core of TensorFlow.js.',
      severity: 'error',
      from: { path: of('tfjs'), pathNot: [OF_LAYERS, TESTS] },
      to: { path: OF_LAYERS },
    },
    {
      name: 'packages-know-no-app',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^apps/' },
    },
    {
      name: 'core-stands-alone',
      comment: '@cf/core has no dependency.',
      severity: 'error',
      from: { path: of('core'), pathNot: TESTS },
      to: { pathNot: [of('core')] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/(dist|node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
