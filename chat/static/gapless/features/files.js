/** Files: attached to what is being written, sent when they are whole, shown under messages, and looked at large. */
import { elapsed } from "../client/clock.js";
import * as api from "../page/api.js";
import * as dialogs from "../page/dialogs.js";
import { byId } from "../page/dom.js";
import { feature } from "../page/feature.js";
import { plural } from "../page/format.js";
import { show } from "../files/lightbox.js";
import { showPreview } from "../files/preview.js";
import { Sending } from "../files/sending.js";
import { isPicture, showFiles, sizeText } from "../files/shown.js";
import { listen, listenToDrops } from "../files/taking.js";
import { Tray } from "../files/tray.js";
import { Uploads } from "../files/uploads.js";

const TELL_MS = 3_000;

/** @type {any} */
let limits = { file_bytes: 25 * 1024 * 1024, files_per_message: 10 };

feature((page) => {
  const { client } = page;
  const uploads = new Uploads(api);
  const [inChannel, inThread] = page.lists.map(({ list, timeline }) => boxOf(page.writers.get(timeline), list, { uploads, user: page.me.id }));
  inChannel.composer.asFile = (/** @type {string} */ text) => inChannel.take([new File([text], "message.txt", { type: "text/plain" })]);
  listenToDrops({
    take: (files, where) => (where.closest("#thread") ? inThread : inChannel).take(files),
    isOpen: () => !byId("composer").hidden,
  });
  client.addEventListener("hello", ({ detail }) => (limits = detail.limits));
  for (const { list, timeline } of page.lists) {
    timeline.parts.push((/** @type {any} */ row, /** @type {any} */ message) => {
      showFiles(row, message, (/** @type {string} */ key) => uploads.state(key));
      if (message.id == null) preview(row, message.files ?? []);
    });
    list.addEventListener("click", (/** @type {any} */ event) => look(event, timeline));
  }
  const sending = new Sending({
    client, uploads, isAttached: (key) => [inChannel, inThread].some(({ tray }) => tray.keys.includes(key)),
    moved: (draft) => (draft.thread != null ? page.showThreadDrafts() : page.isHere(draft.channel) && page.pane.takeDraft(draft, /** @type {any} */ (null))),
  });
  const isInThread = (/** @type {string} */ key) => inThread.tray.keys.includes(key);
  tellOthers(page, uploads, (key) => sending.draftOf(key)?.thread ?? (isInThread(key) ? page.threadHere() : null));
});

/** That files are on their way; `threadOf(key)`: to which thread. */
function tellOthers(/** @type {Page} */ page, /** @type {Uploads} */ uploads, /** @type {(key: string) => number | null} */ threadOf) {
  let toldAt = -Infinity;
  uploads.addEventListener("moved", (/** @type {any} */ { detail: { key } }) => {
    const state = uploads.state(key);
    if (!page.here || !page.around.showsTyping || !state || state.whole || state.isFailed || elapsed() - toldAt < TELL_MS) return;
    toldAt = elapsed();
    page.client.typing(page.here.id, true, { uploading: true, thread: threadOf(key) });
  });
}

/** A box to write in with what is attached to what is written there. */
function boxOf(/** @type {any} */ composer, /** @type {any} */ list, /** @type {{ uploads: Uploads, user: number }} */ { uploads, user }) {
  const form = byId(list.id === "rows" ? "composer" : "thread-composer");
  const tray = new Tray({ place: form.querySelector(".attached-list"), uploads, changed: () => composer.refresh(), name: `gapless.attached.${user}.${form.id}` });
  const put = (/** @type {any[]} */ files) => {
    for (const file of files) uploads.resume(file);
    if (files.length) tray.add(files);
  };
  const take = (/** @type {File[]} */ files) => {
    const taken = fitting(files, limits.files_per_message - tray.keys.length);
    if (taken.length) tray.add(taken.map((file) => uploads.add(file)));
    composer.focus();
    return taken.length > 0;
  };
  composer.attached = { open: (/** @type {any} */ id) => tray.open(id), count: () => tray.keys.length, take: () => tray.take(), put };
  listen(form, take);
  return { composer, take, tray };
}

// Of a draft's pictures, until they are whole.
function preview(/** @type {any} */ row, /** @type {any[]} */ files) {
  for (const file of files) {
    const sign = row.querySelector(`[data-file="${file.key}"]:not([data-previewed]) .icon`);
    if (!sign) continue;
    sign.closest(".file").dataset.previewed = "";
    showPreview(file, sign);
  }
}

function look(/** @type {any} */ event, /** @type {Timeline} */ { messages }) {
  const link = event.target.closest(".file-picture");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const pictures = messages.flatMap(({ files = [] }) => files.filter(isPicture));
  show(pictures, pictures.findIndex(({ url }) => url === link.getAttribute("href")));
}

function fitting(/** @type {File[]} */ files, /** @type {number} */ room) {
  const large = files.filter(({ size }) => size > limits.file_bytes);
  const fit = files.filter(({ size }) => size <= limits.file_bytes && size > 0);
  if (large.length) dialogs.say(`${large[0].name} is too large: ${sizeText(limits.file_bytes)} are allowed.`);
  else if (fit.length < files.length) dialogs.say("Empty files and folders can't be sent.");
  else if (fit.length > room) dialogs.say(`A message has at most ${plural(limits.files_per_message, "file")}: send the others in another message.`);
  return fit.slice(0, Math.max(0, room));
}
