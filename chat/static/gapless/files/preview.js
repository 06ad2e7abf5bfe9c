/** What a picture looks like that is on its way: drawn from the browser's own copy, so that no policy has to allow an address for it. */
import { make } from "../page/dom.js";
import { find } from "./kept.js";

const SIDE = 44;

/** Puts it where `sign` stands. Of what is no picture, or none that this browser reads, the sign stays. */
export async function showPreview(/** @type {{ key: string, type: string }} */ { key, type }, /** @type {Element} */ sign) {
  if (!type?.startsWith("image/")) return;
  const picture = await find(key).then((blob) => blob && createImageBitmap(blob)).catch(() => null);
  if (!picture) return;
  const side = Math.round(SIDE * devicePixelRatio);
  const canvas = make("canvas", { class: "file-preview", width: side, height: side, "aria-hidden": "true" });
  const scale = side / Math.min(picture.width, picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const drawing = canvas.getContext("2d");
  drawing.imageSmoothingQuality = "high";
  drawing.drawImage(picture, (side - width) / 2, (side - height) / 2, width, height);
  picture.close();
  sign.replaceWith(canvas);
}
