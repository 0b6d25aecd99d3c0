// Runs in the page; its value is what is wrong with how the page looks and reads. WCAG 2.2, level AA, as far as a program can tell.
(() => {
  const faults = [];
  const root = document.documentElement;
  const visible = (element) => element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const isSpokenOnly = (element) => element.closest('.sr-only') !== null;

  function channels(color) {
    const [r = 0, g = 0, b = 0, a = 1] = (color.match(/[\d.]+/g) ?? []).map(Number);
    return { r, g, b, a };
  }

  function luminance({ r, g, b }) {
    const [red, green, blue] = [r, g, b]
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  function groundOf(element) {
    for (let at = element; at !== null; at = at.parentElement) {
      const ground = channels(getComputedStyle(at).backgroundColor);
      if (ground.a === 1) return ground;
      if (ground.a > 0) faults.push(`a half transparent ground can not be judged: ${at.className}`);
    }
    return channels('rgb(255, 255, 255)');
  }

  function contrast(element) {
    const [lighter, darker] = [channels(getComputedStyle(element).color), groundOf(element)]
      .map(luminance)
      .sort((a, b) => b - a);
    return (lighter + 0.05) / (darker + 0.05);
  }

  if (root.scrollWidth > root.clientWidth)
    faults.push(`scrolls sideways: ${root.scrollWidth} > ${root.clientWidth}`);
  for (const element of document.querySelectorAll('body *')) {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!(hasText || element.matches('input')) || !visible(element) || isSpokenOnly(element)) continue;
    const ratio = contrast(element);
    if (ratio < 4.5)
      faults.push(
        `contrast ${ratio.toFixed(2)}: ${element.tagName} "${element.textContent.trim().slice(0, 40)}"`,
      );
    const box = element.getBoundingClientRect();
    if (box.right > root.clientWidth + 0.5)
      faults.push(`runs out of the window: "${element.textContent.slice(0, 40)}"`);
  }

  if (root.lang !== 'en') faults.push('the page names no language');
  if (document.title === '') faults.push('the page has no title');
  for (const landmark of ['main', 'header', 'footer', 'h1', '[role=status][aria-live=polite]'])
    if (document.querySelectorAll(landmark).length !== 1) faults.push(`not exactly one ${landmark}`);
  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);
  for (const id of ids) if (ids.indexOf(id) !== ids.lastIndexOf(id)) faults.push(`id ${id} is there twice`);
  for (const name of ['aria-labelledby', 'aria-describedby'])
    for (const element of document.querySelectorAll(`[${name}]`))
      for (const id of element.getAttribute(name).split(' '))
        if (!ids.includes(id)) faults.push(`${name} names ${id}, which is not there`);

  for (const input of document.querySelectorAll('input'))
    if ((input.labels?.length ?? 0) === 0) faults.push(`an input without a label: ${input.id}`);
  for (const control of document.querySelectorAll('button, input, summary, a')) {
    const box = control.getBoundingClientRect();
    if (visible(control) && box.height < 44)
      faults.push(`too small to hit: ${control.tagName} of ${box.height}px`);
    if (control.tagName !== 'INPUT' && control.textContent.trim() === '')
      faults.push('a control without a name');
  }
  const levels = [...document.querySelectorAll('h1, h2, h3, h4')].map(({ tagName }) => Number(tagName[1]));
  levels.forEach((level, index) => {
    if (level > (levels[index - 1] ?? 0) + 1)
      faults.push(`heading of level ${level} follows ${levels[index - 1]}`);
  });
  if (document.querySelector('[style], style, script:not([src])') !== null)
    faults.push('something is inline');
  if (document.activeElement === document.body) faults.push('nothing has the focus');
  return faults;
})();
