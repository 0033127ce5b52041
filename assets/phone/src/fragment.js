// Takes what a link carries out of the address and the history, before anything else of the page runs.

function takeFragment() {
  const { hash } = location;
  if (hash.length < 2) return '';
  try {
    history.replaceState(null, '', location.href.split('#')[0]);
  } catch {
    // A browser that forbids it here still forgets the fragment of the address.
    location.hash = '';
  }
  try {
    return decodeURIComponent(hash.slice(1));
  } catch {
    return hash.slice(1);
  }
}

/** What the link carried with which the page was opened. */
export const opened = takeFragment();

/** Calls `use` with what a link carries that is opened while the page is. */
export function onFragment(use) {
  addEventListener('hashchange', () => {
    const text = takeFragment();
    if (text) use(text);
  });
}
