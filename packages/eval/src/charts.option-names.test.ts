import { testOptionNames } from '../../../testing/option-names.ts';
import * as exported from './charts.ts';

const { bandChart, cmcChart, detChart, htmlReport, lineChart, rocChart, scatterChart, scoreHistogram } =
  exported;

testOptionNames(exported, {
  checked: {
    bandChart: (options) => bandChart(options),
    cmcChart: (options) => cmcChart(options),
    detChart: (options) => detChart(options),
    htmlReport: (options) => htmlReport(options),
    lineChart: (options) => lineChart(options),
    rocChart: (options) => rocChart(options),
    scatterChart: (options) => scatterChart(options),
    scoreHistogram: (options) => scoreHistogram(options),
  },
  others: ['stackedCharts'],
});
