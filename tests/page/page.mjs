// The demo's page in a browser: `node tests/page/page.mjs URL [FOLDER]`, where URL is what `bisan-indexer demo --serve`
// shows, and FOLDER gets screenshots. `--look` in the URL's place only tells whether there is a browser to test with.
//
// It needs playwright-core where node looks for it (`npm install playwright-core` here or above, or a folder in NODE_PATH),
// and a Chromium: the one that CHROMIUM names, or the first of the usual names in PATH. Without them it ends with 77.

import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';

const SKIPPED = 77;
const [where, folder] = process.argv.slice(2);

function skip(why) {
  console.error(`skipped: ${why}`);
  process.exit(SKIPPED);
}

function program() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'])
    for (const place of (process.env.PATH ?? '').split(delimiter))
      try {
        accessSync(join(place, name), constants.X_OK);
        return join(place, name);
      } catch {}
  return skip('no Chromium in PATH; CHROMIUM can name one');
}

function playwright() {
  try {
    return createRequire(import.meta.url)('playwright-core');
  } catch {
    return skip('no playwright-core; `npm install playwright-core`, or name its folder in NODE_PATH');
  }
}

const { chromium } = playwright();
const executablePath = program();
if (where === '--look') process.exit(0);

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

/** A window on the page, and what went wrong in it. */
async function open(options) {
  const context = await browser.newContext({ locale: 'ar-PS', ...options });
  const page = await context.newPage();
  const wrong = [];
  page.on('pageerror', error => wrong.push(error.message));
  page.on('console', message => message.type() === 'error' && wrong.push(message.text()));
  page.on('request', request => new URL(request.url()).origin === new URL(where).origin || /^data:/.test(request.url()) || wrong.push(request.url()));
  await page.goto(where);
  await page.locator('#hits li').first().waitFor();
  return { page, end: async () => { assert.deepEqual(wrong, []); await context.close(); } };
}

const shoot = async (page, name) => folder && page.screenshot({ path: join(folder, `${name}.png`) });
const searchesAnswered = (page, many) => page.waitForFunction(many => searches.filter(one => one.took !== undefined).length >= many, many);

// Every window: nothing sticks out, and the strip is drawn.
for (const [size, width, height] of [['narrow', 390, 844], ['wide', 1280, 900]])
  for (const colorScheme of ['light', 'dark']) {
    const { page, end } = await open({ viewport: { width, height }, colorScheme, deviceScaleFactor: 2 });
    await page.fill('#query', 'القدس');
    await page.locator('#hits mark').first().waitFor();
    await searchesAnswered(page, 20);
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${size} ${colorScheme}: something sticks out`);
    assert.ok(await page.evaluate(() => $('strip').getContext('2d').getImageData(0, 0, $('strip').width, $('strip').height).data.some(Boolean)), 'the strip is empty');
    await shoot(page, `${size}-${colorScheme}`);
    // The same in the other language, and back.
    await page.click('#language');
    assert.equal(await page.evaluate(() => document.documentElement.lang + document.documentElement.dir), 'enltr');
    await page.locator('#found', { hasText: 'found, in' }).waitFor();
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${size} ${colorScheme} English: something sticks out`);
    await shoot(page, `${size}-${colorScheme}-english`);
    await page.click('#language');
    await page.locator('#found', { hasText: 'النتائج' }).waitFor();
    await end();
  }

// Reduced motion: the same page, drawn less often.
{
  const { page, end } = await open({ viewport: { width: 800, height: 800 }, reducedMotion: 'reduce' });
  await searchesAnswered(page, 3);
  await page.waitForFunction(() => $('answered').textContent !== '—');
  await end();
}

// A typing error is forgiven, and a document's HTML is text.
{
  const { page, end } = await open({ viewport: { width: 800, height: 800 } });
  await page.fill('#query', 'فلسطبن');
  await page.locator('#hits mark').first().waitFor();
  const title = '<img src="x" onerror="document.title=1"><b>\ue000نص\ue001</b>';
  await page.route('**/search', route => route.fulfill({ json: { hits: [{ id: 1, title, _formatted: { id: '1', title } }], estimatedTotalHits: 1, processingTimeMs: 1 } }));
  await page.fill('#query', 'نص');
  await page.locator('#hits h2', { hasText: '<img src="x"' }).waitFor();
  assert.equal(await page.locator('#hits img, #hits b').count(), 0);
  assert.equal(await page.locator('#hits mark').textContent(), 'نص');
  await end();
}

// Results are right under the box, whatever the width; a category narrows them, and the newest can come first.
{
  const { page, end } = await open({ viewport: { width: 390, height: 844 } });
  const top = await page.evaluate(() => $('hits').getBoundingClientRect().top);
  assert.ok(top < 844, `the first result is at ${top}, below the first screen`);
  const all = await page.evaluate(() => $('found').textContent);
  await page.locator('#facets button').first().click();
  await page.waitForFunction(all => $('found').textContent.split('،')[0] !== all.split('،')[0], all);
  assert.equal(await page.locator('#facets button[aria-pressed=true]').count(), 1);
  await page.selectOption('#order', 'published_at:desc');
  await page.locator('#hits li').first().waitFor();
  await end();
}

// A reindex under way, which may be over faster than the page looks: what the server tells of it is shown.
{
  const { page, end } = await open({ viewport: { width: 1280, height: 900 } });
  await page.route('**/progress', route => route.fulfill({ json: { running: true, stage: 'indexing', percent: 40 } }));
  await page.locator('#stages li[aria-current]').waitFor();
  assert.deepEqual(await page.locator('#stages li[aria-current]').evaluateAll(all => all.map(one => one.dataset.stage)), ['indexing']);
  assert.deepEqual(await page.locator('#stages li.past').evaluateAll(all => all.map(one => one.dataset.stage)), ['reading']);
  assert.ok(await page.locator('#told', { hasText: 'يُفهرسها' }).isVisible());
  assert.ok(await page.locator('#reindex').isDisabled());
  await end();
}

// By keyboard alone: search, then start a reindex, and see it end with no search lost.
{
  const { page, end } = await open({ viewport: { width: 1280, height: 900 }, deviceScaleFactor: 2 });
  assert.equal(await page.evaluate(() => document.activeElement.id), 'query');
  await page.keyboard.type('القدس');
  await page.locator('#hits mark').first().waitFor();
  await searchesAnswered(page, 10);
  const before = await page.evaluate(() => live.createdAt);
  // One press for each control between the two: nothing holds the keyboard, and nothing hidden takes it.
  const between = await page.evaluate(() => {
    const controls = [...document.querySelectorAll('a[href], button, input, select, summary')];
    const ids = controls.filter(one => !one.disabled && one.checkVisibility()).map(one => one.id);
    return ids.indexOf('reindex') - ids.indexOf('query');
  });
  assert.ok(between > 0 && between <= 25, `the button is ${between} controls behind the search box`);
  for (let presses = 0; (await page.evaluate(() => document.activeElement.id)) !== 'reindex'; presses++) {
    assert.ok(presses < between, 'the button is not reached by the keyboard');
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.locator('#told:not(:empty)').waitFor();
  await shoot(page, 'reindexing');
  await page.locator('#told', { hasText: 'جيل جديد' }).waitFor({ timeout: 300_000 });
  await page.waitForFunction(before => live.createdAt !== before, before);
  // Only the last minute's are kept, so it is not their number that grows.
  const newest = await page.evaluate(() => searches.at(-1).at);
  await page.waitForFunction(newest => searches.filter(one => one.at > newest && one.took !== undefined).length >= 10, newest);
  assert.equal(await page.evaluate(() => searches.filter(one => one.failed).length), 0, 'searches failed');
  assert.equal(await page.evaluate(() => swaps.length), 1, 'the swap is marked once');
  await shoot(page, 'reindexed');
  await end();
}

await browser.close();
console.log('the page is as it should be');
