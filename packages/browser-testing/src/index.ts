export { CHROMIUM, hasChromium } from './chromium.ts';
export { openSite, type Site, type SiteOptions } from './site.ts';
