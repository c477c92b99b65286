export { CHROMIUM, hasChromium, launchChromium } from './chromium.ts';
export { openSite, type Site, type SiteOptions } from './site.ts';
