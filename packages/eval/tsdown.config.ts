import type { UserConfig } from 'tsdown';
import base from '../../tsdown.base.ts';
import { bundledLicences } from '../../tsdown.licences.ts';

const LIBRARIES = 'charts/drawing-libraries';

/** Numbers, pictures that vega draws, and pictures that need no library, beside the one file of what draws. */
const modules: UserConfig = {
  ...base,
  entry: ['src/index.ts', 'src/charts.ts', 'src/svg.ts'],
  deps: { neverBundle: ['vega', 'vega-lite'] },
  plugins: [
    {
      name: 'libraries-apart',
      resolveId: (id) =>
        id.endsWith('/drawing-libraries.ts') ? { id: './drawing-libraries.js', external: true } : undefined,
    },
  ],
};

const libraries: UserConfig = {
  ...base,
  entry: { [LIBRARIES]: `src/${LIBRARIES}.ts` },
  unbundle: false,
  dts: false,
  clean: false,
  minify: true,
  deps: { onlyBundle: false },
  inputOptions: { resolve: { mainFields: ['module', 'main'] } },
  plugins: [bundledLicences('charts/LICENCES.txt')],
};

export default [modules, libraries];
