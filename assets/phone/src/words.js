// Words, numbers and times in the language of the reader.

const LOCALES = {
  en: { tag: 'en-GB', name: 'English' },
  fa: { tag: 'fa-IR-u-ca-persian-nu-arabext', name: 'فارسی', isRightToLeft: true },
  fr: { tag: 'fr-FR', name: 'Français' },
  pl: { tag: 'pl-PL', name: 'Polski' },
  tr: { tag: 'tr-TR', name: 'Türkçe' },
};

/** The languages by code, each with its own name. */
export const LANGUAGES = Object.entries(LOCALES).map(([code, { name }]) => ({ code, name }));

/** The language that fits best to what the browser prefers, unless another was chosen. */
export function chooseLanguage(chosen, preferred) {
  const codes = [chosen, ...preferred.map((tag) => tag.toLowerCase().split('-')[0])];
  return codes.find((code) => Object.keys(LOCALES).includes(code)) || 'en';
}

/** Speaks a language: `table` has its sentences. */
export function speak(code, table) {
  const { tag, isRightToLeft = false } = LOCALES[code];
  const format = (options) => new Intl.DateTimeFormat(tag, options);
  const time = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const day = format({ weekday: 'short', day: 'numeric', month: 'short' });
  const shortDay = format({ day: 'numeric', month: 'short' });
  const number = new Intl.NumberFormat(tag);
  const date = (seconds) => new Date(seconds * 1000);
  return {
    code,
    direction: isRightToLeft ? 'rtl' : 'ltr',
    /** A sentence with its places filled. What fills them keeps its own direction. */
    say: (key, places = {}) => table[key].replace(/\{(\w+)\}/g, (_, place) => `\u2068${places[place]}\u2069`),
    number: (value) => number.format(value),
    time: (seconds) => time.format(date(seconds)),
    day: (seconds) => shortDay.format(date(seconds)),
    /** The time, with its day unless that is today. */
    moment: (seconds, now) =>
      date(seconds).toDateString() === date(now).toDateString()
        ? time.format(date(seconds))
        : `${day.format(date(seconds))} ${time.format(date(seconds))}`,
  };
}
