/**
 * Hosts as they are shown: in their own letters where these say which host it is, else in ASCII (punycode), as browsers do.
 * The server's `chat/markdown/hosts.py` is the same, expression for expression: change both.
 */

const LATIN = String.raw`a-z\u00df-\u00f6\u00f8-\u0137\u0139-\u017f\u01a1\u01b0\u01ce-\u01ef\u01f5-\u021b\u1e00-\u1eff`;
const HAN = String.raw`\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff`;
const KANA = String.raw`\u3041-\u3096\u309d-\u309e\u30a1-\u30fa\u30fc-\u30fe`;
const [CYRILLIC, GREEK] = [String.raw`\u0430-\u045f\u0461-\u052f`, String.raw`\u0390\u03ac-\u03ce`];
// Unicode's "highly restrictive" (UTS 39, 5.2): one writing, or Latin with one written beside it. What is not here is ASCII.
const WRITINGS = [
  CYRILLIC,
  GREEK,
  LATIN + HAN + KANA,
  String.raw`${LATIN}${HAN}\u3105-\u312f`,
  String.raw`${LATIN}${HAN}\uac00-\ud7a3`,
  String.raw`\u0561-\u0587`, // Armenian
  String.raw`\u05d0-\u05ea`, // Hebrew
  String.raw`\u0620-\u063f\u0641-\u064a\u0660-\u0669\u0670-\u06d3\u06f0-\u06f9`, // Arabic
  ...[String.raw`\u0900-\u0963\u0966-\u097f`, String.raw`\u0980-\u09fe`, String.raw`\u0a00-\u0a76`, String.raw`\u0a80-\u0aff`], // Devanagari to Gujarati
  ...[String.raw`\u0b80-\u0bfa`, String.raw`\u0c00-\u0c7f`, String.raw`\u0c80-\u0cff`, String.raw`\u0d00-\u0d7f`], // Tamil to Malayalam
  ...[String.raw`\u0e01-\u0e3a\u0e40-\u0e4e\u0e50-\u0e59`, String.raw`\u10d0-\u10fa`], // Thai, Georgian
];
const ONE_WRITING = new RegExp(WRITINGS.map((letters) => `^[-0-9${letters}]+$`).join("|"));
// All of it looks like Latin (Chromium's lists): pаypаl needs no Latin letter to deceive.
const LOOKS_LATIN = /^[-0-9аысԁеԍһіюјӏорԗԛѕԝхуъьҽпгѵѡѐёѓїќў]+$|^[-0-9αγηικνορτυχωίόύϊϋ]+$/;
// Of Chinese and Japanese, alone among other letters: they look like the slashes and dashes of an address.
const LINES = new RegExp(String.raw`(?:^|[^${HAN}${KANA}])[\u3007\u30ce\u30f3\u30bd\u30be\u30fc\u4e00\u4e28\u4e36\u4e3f](?:$|[^${HAN}${KANA}])`);
const HOST = /^([hH][tT][tT][pP][sS]?:\/\/)([^/?#:]*)/;
const DOTS = /[.\u3002\uff0e\uff61]/;
const ASCII = /^[\0-\x7f]*$/;

/** The address as the page shows it to a reader who decides whether to open it. */
export function spelled(/** @type {string} */ url) {
  const [all, scheme, host] = HOST.exec(url) ?? ["", "", ""];
  if (ASCII.test(host)) return url;
  const labels = host.normalize("NFKC").toLowerCase().split(DOTS);
  const shown = labels.map((label) => (isClear(label, labels[labels.length - 1]) ? label : `xn--${punycode(label)}`));
  return `${scheme}${shown.join(".")}${url.slice(all.length)}`;
}

function isClear(/** @type {string} */ label, /** @type {string} */ last) {
  if (ASCII.test(label)) return true;
  const isDeceiving = LOOKS_LATIN.test(label) && ASCII.test(last);
  return ONE_WRITING.test(label) && !isDeceiving && !LINES.test(label);
}

/** RFC 3492, with its numbers. */
function punycode(/** @type {string} */ label) {
  const points = [...label].map((letter) => letter.codePointAt(0) ?? 0);
  let written = String.fromCodePoint(...points.filter((point) => point < 128));
  let [done, next, delta, bias] = [written.length, 128, 0, 72];
  const first = done;
  if (first) written += "-";
  while (done < points.length) {
    const lowest = Math.min(...points.filter((point) => point >= next));
    delta += (lowest - next) * (done + 1);
    next = lowest;
    for (const point of points) {
      if (point < next) delta += 1;
      if (point !== next) continue;
      written += variable(delta, bias);
      bias = adapted(delta, done + 1, done === first);
      delta = 0;
      done += 1;
    }
    delta += 1;
    next += 1;
  }
  return written;
}

function variable(/** @type {number} */ delta, /** @type {number} */ bias) {
  let [rest, written] = [delta, ""];
  for (let k = 36; ; k += 36) {
    const threshold = Math.max(1, Math.min(26, k - bias));
    if (rest < threshold) return written + digit(rest);
    written += digit(threshold + ((rest - threshold) % (36 - threshold)));
    rest = Math.floor((rest - threshold) / (36 - threshold));
  }
}

function adapted(/** @type {number} */ delta, /** @type {number} */ length, /** @type {boolean} */ isFirst) {
  let rest = Math.floor(delta / (isFirst ? 700 : 2));
  rest += Math.floor(rest / length);
  let k = 0;
  for (; rest > 455; k += 36) rest = Math.floor(rest / 35);
  return k + Math.floor((36 * rest) / (rest + 38));
}

const digit = (/** @type {number} */ number) => "abcdefghijklmnopqrstuvwxyz0123456789"[number];
