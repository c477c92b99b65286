/** What draws. A build makes one file of it: as packages of their own, these and what they need are sixty, and 18 MB. */
export { parse, View } from 'vega';
export { compile } from 'vega-lite';
